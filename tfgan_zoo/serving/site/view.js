// What the page shows, and the end of its address that restores it: #seed=0&psi=0.7&size=6

export const LARGEST = 10; // images in a row
const LIMIT = 2n ** 63n;

export function start() {
  return { seed: 0n, psi: 1, size: 4, label: null, from: null, to: null, step: 0 };
}

// The view that an address asks for; what is no number, or out of its range, is as at the start.
export function read(hash, classes) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const view = start();
  view.seed = seedOf(fields.get("seed")) ?? view.seed;
  view.psi = between(fields.get("psi"), 0, 1) ?? view.psi;
  view.size = whole(fields.get("size"), 1, LARGEST) ?? view.size;
  view.label = whole(fields.get("label"), 0, classes - 1);
  view.from = seedOf(fields.get("from"));
  view.to = view.from === null ? null : seedOf(fields.get("to"));
  view.step = view.to === null ? 0 : between(fields.get("step"), 0, 1) ?? 0;
  return view;
}

export function write(view) {
  const kept = Object.entries(view).filter(([, value]) => value !== null);
  return `#${kept.filter(([name]) => name !== "step" || view.to !== null).map((pair) => pair.join("=")).join("&")}`;
}

// A whole number of 64 bits as a BigInt, else null.
export function seedOf(text) {
  if (!/^-?\d{1,19}$/.test(text ?? "")) return null;
  const seed = BigInt(text);
  return seed >= -LIMIT && seed < LIMIT ? seed : null;
}

// The seeds of the grid; those that would pass the largest are left out.
export function seeds(view) {
  const all = Array.from({ length: view.size ** 2 }, (_, i) => view.seed + BigInt(i));
  return all.filter((seed) => seed < LIMIT);
}

function between(text, least, most) {
  const number = text ? Number(text) : NaN;
  return number >= least && number <= most ? number : null;
}

function whole(text, least, most) {
  return /^\d+$/.test(text ?? "") ? between(text, least, most) : null;
}
