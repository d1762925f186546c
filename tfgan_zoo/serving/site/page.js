// The page: its controls change the view, the view is drawn, and stands in the address.

import { Generator } from "./generator.js";
import { png, sheet } from "./png.js";
import * as views from "./view.js";

const about = JSON.parse(element("model").textContent);
const [height, width, channels] = about.image_shape;
const generator = new Generator(about);
let view = views.read(location.hash, about.num_classes);
let drawing = 0; // counts the drawings of the grid: a newer one ends those before
let shown = new Map(); // seed: levels, of what the grid shows
let playing = false;

function element(id) {
  return document.getElementById(id);
}

function say(text) {
  element("status").textContent = text;
}

// Pictures --------------------------------------------------------------------------------------------------------

function paint(canvas, levels) {
  canvas.height = height;
  canvas.width = width;
  canvas.className = channels % 2 ? "" : "clear";
  const pixels = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    const colours = levels.subarray(i * channels, (i + 1) * channels);
    const alpha = channels % 2 ? 255 : colours[channels - 1];
    pixels.data.set(channels < 3 ? [colours[0], colours[0], colours[0], alpha] : [...colours.subarray(0, 3), alpha], 4 * i);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function nameOf(seed) {
  const label = generator.labelOf(seed, view.label);
  return `seed ${seed}${label === null ? "" : `, ${about.class_names[label] ?? `class ${label}`}`}`;
}

function mark(tile, seed) {
  const letter = seed === view.from ? "A" : seed === view.to ? "B" : "";
  tile.setAttribute("aria-pressed", String(letter !== ""));
  tile.querySelector("span").textContent = letter;
}

function tileOf(seed) {
  const tile = document.createElement("button");
  tile.type = "button";
  tile.title = nameOf(seed);
  tile.setAttribute("aria-label", tile.title);
  tile.dataset.seed = seed;
  tile.append(document.createElement("canvas"), document.createElement("span"));
  tile.firstChild.height = height; // it takes its room before it is painted
  tile.firstChild.width = width;
  mark(tile, seed);
  return tile;
}

// Draws the grid in parts, as many images at once as take about a tenth of a second.
async function drawGrid() {
  const mine = ++drawing;
  const seeds = views.seeds(view);
  const { psi, label } = view;
  const grid = element("grid");
  const focused = [...grid.children].indexOf(document.activeElement);
  grid.style.setProperty("--columns", view.size);
  const before = new Map([...grid.children].map((tile) => [tile.dataset.seed, tile]));
  grid.replaceChildren(...seeds.map((seed) => {
    const tile = tileOf(seed);
    const old = before.get(String(seed));
    if (old) tile.replaceChild(old.firstChild, tile.firstChild); // the picture that was, until the new one is there
    return tile;
  }));
  grid.children[focused]?.focus();
  shown = new Map();
  for (let start = 0, size = 1; start < seeds.length;) {
    const part = seeds.slice(start, start + size);
    await generator.last; // while a slider moves, what is asked for is only the newest
    if (mine !== drawing) return;
    const began = performance.now();
    const images = await generator.imagesOfSeeds(part, psi, label);
    if (mine !== drawing) return;
    if (mine === 1 && start === 0) performance.mark("first image"); // which a browser's tools show
    images.forEach((levels, i) => {
      shown.set(part[i], levels);
      paint(grid.children[start + i].firstChild, levels);
    });
    start += part.length;
    size = Math.min(Math.max(Math.floor((size * 100) / (performance.now() - began)), 1), 2 * size, 32);
  }
  document.body.dataset.drawn = mine;
}

let walking = null; // the view whose walk is computed, or null

async function drawWalk() {
  const { from, to } = view;
  element("between").hidden = element("walk-buttons").hidden = from === null;
  element("way").hidden = element("play").hidden = to === null;
  if (from === null) return;
  element("ends").textContent = to === null ? "" : nameOf(from).replace(/^seed \S+?(?=,|$)/, `$& to ${to}`);
  element("step").value = view.step;
  if (walking) return; // that one draws again when it is done, if the view is another one by then
  const asked = (walking = { ...view });
  try {
    paint(element("between"), await walkLevels(asked));
  } finally {
    walking = null;
  }
  if (["from", "to", "step", "psi", "label"].some((name) => asked[name] !== view[name])) await drawWalk();
}

async function walkLevels({ from, to, step, psi, label }) {
  const images = to === null
    ? generator.imagesOfSeeds([from], psi, label)
    : generator.imageBetween(from, to, step, psi, label);
  return (await images)[0];
}

// What changes the view -------------------------------------------------------------------------------------------

function change(changes) {
  view = { ...view, ...changes };
  history.replaceState(null, "", views.write(view));
  const grid = ["seed", "psi", "size", "label"].some((name) => name in changes);
  showControls();
  attempt(Promise.all([grid ? drawGrid() : null, drawWalk()]));
  for (const tile of element("grid").children) mark(tile, BigInt(tile.dataset.seed));
}

function attempt(work) {
  work.catch((error) => say(`That did not work: ${error.message}`));
}

function showControls() {
  element("seed").value = view.seed;
  element("psi").value = view.psi;
  element("psi-shown").textContent = view.psi;
  element("size").value = view.size;
  element("size-shown").textContent = view.size;
  element("label").value = view.label ?? "";
  element("hint").textContent = view.from === null ? "Choose an image; a second one makes a walk."
    : view.to === null ? "Choose a second image to walk to." : "The way from A to B:";
}

function move(seeds) {
  const seed = views.seedOf(String(seeds));
  if (seed !== null) change({ seed });
}

// A first choice is A, a second one B; a third makes B the new A. What is chosen twice is let go.
function choose(seed) {
  stop();
  if (seed === view.to) change({ to: null, step: 0 });
  else if (seed === view.from) change({ from: view.to, to: null, step: 0 });
  else if (view.from === null) change({ from: seed });
  else if (view.to === null) change({ to: seed, step: 0 });
  else change({ from: view.to, to: seed, step: 0 });
}

async function play() {
  playing = true;
  element("play").textContent = "Stop";
  let forwards = view.step < 1;
  for (let last = performance.now(); playing;) {
    const now = await new Promise(requestAnimationFrame);
    const step = view.step + (forwards ? 1 : -1) * Math.max(now - last, 0) / 3000;
    last = now;
    view.step = Math.min(Math.max(step, 0), 1);
    if (step >= 1 || step <= 0) forwards = step <= 0;
    await drawWalk();
  }
}

function stop() {
  if (playing) history.replaceState(null, "", views.write(view));
  playing = false;
  element("play").textContent = "Play";
}

async function save(levels, high, wide, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await png(levels, high, wide, channels));
  link.download = `${name}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function saveGrid() {
  const images = views.seeds(view).map((seed) => shown.get(seed));
  if (images.includes(undefined)) return say("The grid is not whole yet.");
  const whole = sheet(images, view.size, height, width, channels);
  await save(whole.levels, whole.height, whole.width, `seeds-${view.seed}-${view.size}x${view.size}`);
}

async function saveImage() {
  const { from, to, step } = view;
  await save(await walkLevels(view), height, width, to === null ? `seed-${from}` : `seeds-${from}-to-${to}-${step}`);
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied.");
  } catch {
    say(`The link is ${location.href}`);
  }
}

// Arrow keys move over the grid.
function arrows(event) {
  const tiles = [...element("grid").children];
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -view.size, ArrowDown: view.size };
  const next = tiles[tiles.indexOf(document.activeElement) + (steps[event.key] ?? NaN)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function listen() {
  const on = (id, event, action) => element(id).addEventListener(event, action);
  on("controls", "submit", (event) => event.preventDefault());
  on("seed", "change", (event) => {
    const seed = views.seedOf(event.target.value);
    say(seed === null ? "A seed is a whole number of 64 bits." : "");
    if (seed === null) showControls();
    else change({ seed });
  });
  on("before", "click", () => move(view.seed - BigInt(view.size ** 2)));
  on("after", "click", () => move(view.seed + BigInt(view.size ** 2)));
  on("anywhere", "click", () => move(crypto.getRandomValues(new Uint32Array(1))[0]));
  on("psi", "input", (event) => change({ psi: Number(event.target.value) }));
  on("size", "input", (event) => change({ size: Number(event.target.value) }));
  on("label", "change", (event) => change({ label: event.target.value === "" ? null : Number(event.target.value) }));
  on("step", "input", (event) => (stop(), change({ step: Number(event.target.value) })));
  on("grid", "click", (event) => {
    const tile = event.target.closest("button");
    if (tile) choose(BigInt(tile.dataset.seed));
  });
  on("grid", "keydown", arrows);
  on("play", "click", () => (playing ? stop() : attempt(play())));
  on("save-grid", "click", () => attempt(saveGrid()));
  on("save-image", "click", () => attempt(saveImage()));
  on("link", "click", copyLink);
  addEventListener("hashchange", () => change(views.read(location.hash, about.num_classes)));
}

// The beginning ---------------------------------------------------------------------------------------------------

function describe() {
  const classes = about.num_classes ? `, ${about.num_classes} classes` : "";
  element("about").textContent = `${width} × ${height} pixels${classes}. The images are made in your browser.`;
  element("classes").hidden = !about.num_classes;
  for (let i = 0; i < about.num_classes; i++) element("label").append(new Option(about.class_names[i] ?? `class ${i}`, i));
}

async function begin() {
  describe();
  say("The model is loading.");
  try {
    await generator.load((share) => (element("loading").value = Math.min(share, 1)));
  } catch (error) {
    element("loading").hidden = true;
    return say(`The model could not be loaded: ${error.message}`);
  }
  if (generator.provider === "webgpu") element("about").append(" Its graphics card computes.");
  element("loading").hidden = true;
  element("view").hidden = false;
  say("");
  listen();
  change(view);
}

if (document.body.className !== "cannot") begin();
