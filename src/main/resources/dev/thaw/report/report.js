"use strict";
// What everything else uses: the data, numbers in words, colours. What goes wrong is counted in the
// document, where a test finds it.
window.addEventListener("error", (event) => {
  document.body.dataset.errors = (document.body.dataset.errors || "") + event.message + "\n";
});

const data = JSON.parse(document.getElementById("data").textContent);

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const count = (n) => n.toLocaleString("en");

function bytes(pages) {
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = pages * 4;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ${units[unit]}`;
}

function duration(nanos) {
  if (nanos < 1000) {
    return `${Math.round(nanos)} ns`;
  }
  const units = ["ns", "\u00b5s", "ms", "s"];
  let value = nanos;
  let unit = 0;
  while (value >= 999.5 && unit < 3) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// From the first touch to the last: yellow, orange, red, violet, blue. Readable on white and black.
const STOPS = [[240, 190, 40], [236, 125, 50], [205, 58, 95], [135, 62, 160], [62, 88, 190]];

function touchColour(fraction) {
  const at = Math.min(0.9999, Math.max(0, fraction)) * (STOPS.length - 1);
  const low = STOPS[Math.floor(at)];
  const high = STOPS[Math.floor(at) + 1];
  const part = low.map((c, i) => Math.round(c + (high[i] - c) * (at % 1)));
  return `rgb(${part.join(" ")})`;
}

// Which part of all touches had come by then: so the colours are used evenly, however they cluster.
function rank(micros) {
  const times = data.quantileMicros;
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < micros) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low / Math.max(1, times.length - 1);
}

for (const fact of data.facts) {
  document.getElementById("facts").append(
    element("div", {}, element("dt", {}, fact.name), element("dd", {}, fact.value)));
}
