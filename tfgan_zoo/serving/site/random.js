// The numbers that a seed stands for: tfgan_zoo/random.py in JavaScript.
//
// TensorFlow's stateless draws with alg="philox": Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
// as 1, 2, 3") scrambles the two words of a seed into a key and a counter, and the counter's lower half counts groups
// of four numbers. The bits are those of Python; normal numbers are so to float32's last digits, as are its logarithm
// and sine.

const KEY = [0x3ec8f720, 0x02461e29]; // with which TensorFlow scrambles
const LATENTS = crc32("latents");
const LABELS = crc32("labels");

// The high and the low 32 bits of a product of two numbers of 32 bits.
function multiplied(a, b) {
  const low = (a & 0xffff) * b; // under 2^48: exact
  const high = (a >>> 16) * b + Math.floor(low / 0x10000);
  return [Math.floor(high / 0x10000), Math.imul(a, b) >>> 0];
}

export function philox(counter, key) {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiplied(0xd2511f53, c0);
    const [high1, low1] = multiplied(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

// The first `count` numbers of 32 bits of the seed's words [seed, salt]; `seed` is a BigInt of 64 bits.
export function bits(seed, salt, count) {
  const words = BigInt.asUintN(64, seed);
  const mixed = philox([Number(words & 0xffffffffn), Number(words >> 32n), salt, 0], KEY);
  const numbers = new Uint32Array(Math.ceil(count / 4) * 4);
  for (let group = 0; group < numbers.length / 4; group++) {
    numbers.set(philox([group, 0, mixed[2], mixed[3]], mixed.slice(0, 2)), 4 * group);
  }
  return numbers.subarray(0, count);
}

// 23 bits as the fraction of a float32 in [0, 1).
function fraction(number) {
  return (number & 0x7fffff) / 0x800000;
}

// float32[dim], standard normal: the latents of a seed, by Box and Muller.
export function latents(seed, dim) {
  const numbers = bits(seed, LATENTS, 2 * Math.ceil(dim / 2));
  const normals = new Float32Array(numbers.length);
  for (let i = 0; i < numbers.length; i += 2) {
    const angle = Math.fround(2 * Math.PI * fraction(numbers[i + 1]));
    const logarithm = Math.fround(Math.log(Math.max(fraction(numbers[i]), Math.fround(1e-7))));
    const radius = Math.fround(Math.sqrt(-2 * logarithm));
    normals[i] = Math.fround(Math.sin(angle)) * radius;
    normals[i + 1] = Math.fround(Math.cos(angle)) * radius;
  }
  return normals.subarray(0, dim);
}

// The label that a seed draws where none is asked for, in [0, classes).
export function label(seed, classes) {
  return bits(seed, LABELS, 1)[0] % classes;
}

// The latents at `step` in [0, 1] of the way from one to another along a great circle, with lengths in between.
export function slerp(start, end, step) {
  const lengths = [Math.hypot(...start), Math.hypot(...end)];
  const cosine = start.reduce((sum, value, i) => sum + (value / lengths[0]) * (end[i] / lengths[1]), 0);
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  const sine = Math.sin(angle);
  if (sine < 1e-6) { // the same direction, or opposite ones: no circle is singled out
    return start.map((value, i) => (1 - step) * value + step * end[i]);
  }
  const length = ((1 - step) * lengths[0] + step * lengths[1]) / sine;
  const shares = [(Math.sin((1 - step) * angle) / lengths[0]) * length, (Math.sin(step * angle) / lengths[1]) * length];
  return start.map((value, i) => shares[0] * value + shares[1] * end[i]);
}

// The checksum of zip and PNG files, of a text or of bytes.
export function crc32(content) {
  let crc = 0xffffffff;
  for (const byte of typeof content === "string" ? new TextEncoder().encode(content) : content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
