// For any browser, however old: one sentence where the page cannot work.
(function () {
  var simd = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  var modern = typeof WebAssembly === "object" && typeof DecompressionStream === "function";
  var reason = "";
  if (!modern || !WebAssembly.validate(new Uint8Array(simd))) {
    reason = "This page needs a newer browser: Chrome or Edge 91, Firefox 114, Safari 16.4, or later.";
  } else if (location.protocol === "file:" && document.currentScript.src) {
    reason = "From disk a browser loads no parts of a page: run python -m http.server in this folder, " +
      "and open http://localhost:8000 (or export with --single_file).";
  }
  if (reason) {
    document.getElementById("status").textContent = reason;
    document.body.className = "cannot";
  }
})();
