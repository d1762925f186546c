// The generator in ONNX Runtime: latents in, levels of pixels out.

const runtimes = { wasm: () => import("./onnxruntime.js"), webgpu: () => import("./onnxruntime.webgpu.js") };
let ort;

// `provider` is "wasm", the processor, or "webgpu", the graphics card; `runtime` its program, of bytes.
export async function open(provider, runtime, model) {
  ort = await runtimes[provider]();
  ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
  ort.env.wasm.wasmBinary = runtime;
  return ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 });
}

// The images of rows of latents, float32[N * dim], as levels of 0 to 255, uint8[N * height * width * channels]; with
// transparency the colours as they are, and not as the network has them, multiplied by alpha.
export async function images(session, { latents, dim, psi, labels }) {
  const rows = latents.length / dim;
  const inputs = {
    latents: new ort.Tensor("float32", latents, [rows, dim]),
    truncation: new ort.Tensor("float32", new Float32Array(rows).fill(psi), [rows]),
  };
  if (labels) inputs.labels = new ort.Tensor("int32", Int32Array.from(labels), [rows]);
  const outputs = await session.run(inputs);
  const { data, dims } = outputs[session.outputNames[0]];
  const levels = Uint8ClampedArray.from(data, (value) => Math.fround(value * 255)); // rounds as NumPy does
  return dims.at(-1) === 4 ? straight(levels) : levels;
}

export function straight(levels) {
  return levels.map((level, i) => {
    const alpha = levels[i - (i % 4) + 3];
    if (i % 4 === 3) return alpha;
    return alpha && Math.min(Math.floor((2 * 255 * level + alpha) / (2 * alpha)), 255);
  });
}
