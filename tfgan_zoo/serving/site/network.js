// The generator in ONNX Runtime: latents in, levels of pixels out.

import * as ort from "./onnxruntime.js";

export function open(runtime, model) {
  ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
  ort.env.wasm.wasmBinary = runtime;
  return ort.InferenceSession.create(model);
}

// The images of rows of latents, float32[N * dim], as levels of 0 to 255, uint8[N * height * width * channels].
export async function images(session, { latents, dim, psi, labels }) {
  const rows = latents.length / dim;
  const inputs = {
    latents: new ort.Tensor("float32", latents, [rows, dim]),
    truncation: new ort.Tensor("float32", new Float32Array(rows).fill(psi), [rows]),
  };
  if (labels) inputs.labels = new ort.Tensor("int32", Int32Array.from(labels), [rows]);
  const outputs = await session.run(inputs);
  const values = outputs[session.outputNames[0]].data;
  return Uint8ClampedArray.from(values, (value) => Math.fround(value * 255)); // rounds as NumPy does
}
