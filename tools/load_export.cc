// Loads an export without Python, by the function that TensorFlow Serving builds on, and runs its signatures.
//
//     tools/build_loader.sh load_export
//     ./load_export exports/pconv/1 first.png
//
// For each signature it prints a line: name, inputs, outputs with shapes, the mean of float outputs. The first image of
// generate_png goes to the file.

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

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " EXPORT/VERSION IMAGE.png\n";
    return 2;
  }
  tf::SavedModelBundle bundle;
  tf::Status status =
      tf::LoadSavedModel(tf::SessionOptions(), tf::RunOptions(), argv[1], {"serve"}, &bundle);
  if (!status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  const auto& defs = bundle.meta_graph_def.signature_def();
  const std::map<std::string, tf::SignatureDef> signatures(defs.begin(), defs.end());
  for (const auto& [name, signature] : signatures) {
    if (name.rfind("__", 0) == 0) continue;  // TensorFlow's own
    std::vector<std::pair<std::string, tf::Tensor>> inputs;
    std::cout << name;
    for (const auto& [key, info] : signature.inputs()) inputs.emplace_back(info.name(), MakeInput(key, info));
    for (const auto& [key, info] : signature.outputs()) {
      std::vector<tf::Tensor> outputs;
      status = bundle.session->Run(inputs, {info.name()}, {}, &outputs);
      if (!status.ok()) {
        std::cerr << "\n" << status << "\n";
        return 1;
      }
      std::cout << " " << key << outputs[0].shape().DebugString();
      if (outputs[0].dtype() == tf::DT_FLOAT) {
        double sum = 0;
        for (int i = 0; i < outputs[0].NumElements(); ++i) sum += outputs[0].flat<float>()(i);
        std::cout << " mean " << sum / outputs[0].NumElements();
      } else {
        std::ofstream file(argv[2], std::ios::binary);
        file << std::string(outputs[0].flat<tf::tstring>()(0));
      }
    }
    std::cout << "\n";
  }
  return 0;
}
