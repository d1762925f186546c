// Loads an export without Python, by the function that TensorFlow Serving builds on, and runs its signatures.
//
//     tools/build_loader.sh load_export
//     ./load_export exports/pconv/1 first.png
//
// For each signature it prints a line: name, outputs with shapes, the mean of float outputs; and makes sure that an
// input of the wrong rank is INVALID_ARGUMENT, which the server leaves to the graph. The first image of generate_png
// goes to the file.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tensorflow/cc/saved_model/loader.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/protobuf/meta_graph.pb.h"
#include "tensorflow/core/public/session.h"

namespace tf = tensorflow;

using Feeds = std::vector<std::pair<std::string, tf::Tensor>>;

constexpr int kBatch = 2;

// Seeds 0 and 1, truncation 1; latents, and whatever else there is, 0.
tf::Tensor MakeInput(const std::string& name, const tf::TensorInfo& info) {
  tf::TensorShape shape({kBatch});
  for (int i = 1; i < info.tensor_shape().dim_size(); ++i) shape.AddDim(info.tensor_shape().dim(i).size());
  tf::Tensor tensor(info.dtype(), shape);
  if (info.dtype() == tf::DT_FLOAT) {
    tensor.flat<float>().setConstant(name == "truncation" ? 1.0f : 0.0f);
  } else if (info.dtype() == tf::DT_INT64) {
    for (int i = 0; i < kBatch; ++i) tensor.flat<int64_t>()(i) = i;
  } else {
    tensor.flat<int32_t>().setZero();
  }
  return tensor;
}

// Prints what is known of an output; an image goes to the file.
void Show(const std::string& name, const tf::Tensor& output, const char* file) {
  std::cout << " " << name << output.shape().DebugString();
  if (output.dtype() == tf::DT_FLOAT) {
    double sum = 0;
    for (int i = 0; i < output.NumElements(); ++i) sum += output.flat<float>()(i);
    std::cout << " mean " << sum / output.NumElements();
  } else if (output.dtype() == tf::DT_STRING) {
    std::ofstream(file, std::ios::binary) << std::string(output.flat<tf::tstring>()(0));
  }
}

// Returns OK if each input, given one dimension too many, is refused as it should be.
tf::Status RefusesRanks(tf::Session* session, const Feeds& feeds, const std::string& output) {
  for (size_t i = 0; i < feeds.size(); ++i) {
    Feeds wrong = feeds;
    tf::TensorShape shape = feeds[i].second.shape();
    shape.AddDim(1);
    if (!wrong[i].second.CopyFrom(feeds[i].second, shape)) return tf::errors::Internal("no such shape");
    std::vector<tf::Tensor> outputs;
    const tf::Status status = session->Run(wrong, {output}, {}, &outputs);
    if (status.ok()) return tf::errors::Internal(feeds[i].first, shape.DebugString(), " was accepted");
    if (!tf::errors::IsInvalidArgument(status)) return status;
    if (status.message().find("must have the shape") == std::string::npos) return status;
  }
  return tf::OkStatus();
}

// Runs one signature.
tf::Status Run(tf::Session* session, const tf::SignatureDef& signature, const char* file) {
  Feeds feeds;
  for (const auto& [key, info] : signature.inputs()) feeds.emplace_back(info.name(), MakeInput(key, info));
  const std::map<std::string, tf::TensorInfo> shown(signature.outputs().begin(), signature.outputs().end());  // in order
  for (const auto& [key, info] : shown) {
    std::vector<tf::Tensor> outputs;
    const tf::Status status = session->Run(feeds, {info.name()}, {}, &outputs);
    if (!status.ok()) return status;
    Show(key, outputs[0], file);
    const tf::Status refused = RefusesRanks(session, feeds, info.name());
    if (!refused.ok()) return refused;
  }
  std::cout << " (" << feeds.size() << " of " << feeds.size() << " wrong ranks refused)";
  return tf::OkStatus();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " EXPORT/VERSION IMAGE.png\n";
    return 2;
  }
  tf::SavedModelBundle bundle;
  tf::Status status = tf::LoadSavedModel(tf::SessionOptions(), tf::RunOptions(), argv[1], {"serve"}, &bundle);
  const auto& defs = bundle.meta_graph_def.signature_def();
  const std::map<std::string, tf::SignatureDef> signatures(defs.begin(), defs.end());  // in order
  for (const auto& [name, signature] : signatures) {
    if (!status.ok() || name.rfind("__", 0) == 0) continue;  // TensorFlow's own
    std::cout << name;
    status = Run(bundle.session.get(), signature, argv[2]);
    std::cout << std::endl;
  }
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
