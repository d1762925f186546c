// The page's side of the network: fetches its files, and asks the worker for images.

import { label, latents, slerp } from "./random.js";

export class Generator {
  // `about` is the page's description of the model: latent_dim, image_shape, num_classes, model, runtimes, levels.
  constructor(about) {
    this.about = about;
  }

  start() {
    this.worker?.terminate();
    this.last = Promise.resolve();
    this.worker = new Worker("./worker.js");
    this.broken = new Promise((_, reject) => {
      this.worker.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    });
    this.broken.catch(() => {}); // who asks is told
  }

  // Loads what the browser can run: with WebGPU, if the page has it, there is a graphics card, and it makes our images.
  // `progress` is called with what is loaded, 0 to 1.
  async load(progress) {
    if (this.about.runtimes.webgpu && await hasGraphicsCard()) {
      try {
        await this.loadFor("webgpu", progress);
        if (await this.makesOurImages()) return;
      } catch (error) {
        console.warn("WebGPU:", error);
      }
    }
    await this.loadFor("wasm", progress);
  }

  async loadFor(provider, progress) {
    this.start();
    const files = [this.about.runtimes[provider], this.about.model];
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    let loaded = 0;
    const parts = [];
    for (const file of files) {
      const part = await fetched(file.url, (bytes) => progress((loaded += bytes) / total));
      parts.push(await unzipped(part));
    }
    const [runtime, model] = parts;
    await this.ask({ provider, runtime, model }, [runtime.buffer, model.buffer]);
    this.provider = provider;
  }

  // Graphics cards and their drivers differ: the levels of seed 0 were kept at some places, and are to come again.
  async makesOurImages() {
    const [levels] = await this.imagesOfSeeds([0n], 1, null);
    return this.about.levels.every(([place, level]) => Math.abs(levels[place] - level) <= 1);
  }

  // One question at a time: their answers carry no names.
  ask(message, transfer) {
    const answer = this.last.then(() => new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.levels));
      this.broken.catch(reject);
      this.worker.postMessage(message, transfer);
    }));
    this.last = answer.catch(() => {});
    return answer;
  }

  // The class of a seed: the one that is asked for, or the one that it draws; null for a model without classes.
  labelOf(seed, asked) {
    return this.about.num_classes ? asked ?? label(seed, this.about.num_classes) : null;
  }

  // Levels of the images of seeds, BigInts; each image is height * width * channels of them.
  imagesOfSeeds(seeds, psi, asked) {
    const rows = seeds.map((seed) => latents(seed, this.about.latent_dim));
    return this.images(rows, psi, seeds.map((seed) => this.labelOf(seed, asked)));
  }

  // Levels of the image at `step` in [0, 1] between those of two seeds; it has the first one's class.
  imageBetween(from, to, step, psi, asked) {
    const ends = [from, to].map((seed) => latents(seed, this.about.latent_dim));
    return this.images([slerp(...ends, step)], psi, [this.labelOf(from, asked)]);
  }

  async images(rows, psi, labels) {
    const dim = this.about.latent_dim;
    const flat = new Float32Array(rows.length * dim);
    rows.forEach((row, i) => flat.set(row, i * dim));
    const levels = await this.ask({ latents: flat, dim, psi, labels: this.about.num_classes ? labels : null });
    const size = levels.length / rows.length;
    return rows.map((_, i) => levels.subarray(i * size, (i + 1) * size));
  }
}

// A browser without one may offer to compute as if there were; WebAssembly is faster than that.
async function hasGraphicsCard() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}

async function fetched(url, progress) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  const pieces = [];
  const reader = answer.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    progress(piece.value.length);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

// A host may have unpacked what ends in .gz already.
async function unzipped(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
