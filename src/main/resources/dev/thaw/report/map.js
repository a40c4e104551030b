// The map: a canvas for each VMA, a square for each cell. How many cells there are is bounded.
const CELL = 9; // pixels, one of which is the gap
const NEVER = -1;

const map = {
  rows: [],

  // The cell number n of a VMA, as an object.
  cell(vma, n) {
    let at = n;
    for (const [repeat, first, touched, stored, duplicate, zero] of vma.cells) {
      if (at < repeat) {
        return { first, touched, stored, duplicate, zero };
      }
      at -= repeat;
    }
    throw new Error(`cell ${n} of ${vma.start}`);
  },

  cellCount(vma) {
    return Math.ceil(vma.pages / vma.pagesPerCell);
  },

  pagesOf(vma, n) {
    return Math.min(vma.pagesPerCell, vma.pages - n * vma.pagesPerCell);
  },

  // One square: what the checkpoint holds, and over it from below the part that was touched.
  paint(context, x, y, size, cell, pages, palette) {
    const most = Math.max(cell.stored, cell.duplicate, cell.zero);
    if (most === 0) {
      context.fillStyle = palette.absent;
      context.fillRect(x, y, size, size);
    } else if (cell.stored === most) {
      context.fillStyle = palette.stored;
      context.fillRect(x, y, size, size);
    } else if (cell.duplicate === most) {
      context.fillStyle = palette.duplicate;
      context.fillRect(x, y, size, size);
      context.strokeStyle = palette.stripe;
      context.beginPath();
      context.moveTo(x + 1, y + size - 1);
      context.lineTo(x + size - 1, y + 1);
      context.stroke();
    } else {
      context.fillStyle = palette.zero;
      context.fillRect(x, y, size, size);
      context.strokeStyle = palette.zeroEdge;
      context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
    }
    if (cell.first !== NEVER) {
      const height = Math.max(2, Math.round((size * cell.touched) / pages));
      context.fillStyle = touchColour(rank(cell.first));
      context.fillRect(x, y + size - height, size, height);
    }
  },

  palette() {
    return {
      stored: colour("--stored"),
      duplicate: colour("--duplicate"),
      stripe: colour("--stripe"),
      zero: colour("--zero"),
      zeroEdge: colour("--zero-edge"),
      absent: colour("--absent"),
    };
  },

  draw(row) {
    const { canvas, vma } = row;
    const width = canvas.clientWidth;
    if (width === 0) {
      return; // folded away
    }
    row.columns = Math.max(1, Math.floor(width / CELL));
    const cells = map.cellCount(vma);
    const height = Math.ceil(cells / row.columns) * CELL;
    const scale = window.devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const palette = map.palette();
    let n = 0;
    for (const [repeat, first, touched, stored, duplicate, zero] of vma.cells) {
      const cell = { first, touched, stored, duplicate, zero };
      for (let i = 0; i < repeat; i++, n++) {
        const x = (n % row.columns) * CELL;
        const y = Math.floor(n / row.columns) * CELL;
        map.paint(context, x, y, CELL - 1, cell, map.pagesOf(vma, n), palette);
      }
    }
    canvas.dataset.drawn = String(n);
  },

  describe(vma, n) {
    const cell = map.cell(vma, n);
    const pages = map.pagesOf(vma, n);
    const start = BigInt(vma.start) + BigInt(n) * BigInt(vma.pagesPerCell) * 4096n;
    const end = start + BigInt(pages) * 4096n;
    const lines = [`0x${start.toString(16)}-0x${end.toString(16)}${pages > 1 ? ` (${count(pages)} pages)` : ""}`];
    if (cell.first === NEVER) {
      lines.push(!vma.recorded ? "touches are not recorded: it is there before the tree runs"
        : data.recordings.length ? "never touched" : "no recording");
    } else {
      lines.push(`first touched after ${duration(cell.first * 1000)}`
        + (pages > 1 ? `, ${count(cell.touched)} of ${count(pages)}` : ""));
    }
    const absent = pages - cell.stored - cell.duplicate - cell.zero;
    const parts = [["stored", cell.stored], ["equal to another page", cell.duplicate], ["zero", cell.zero],
      ["not in the checkpoint", absent]].filter(([, pagesOfKind]) => pagesOfKind > 0);
    lines.push(parts.map(([what, n]) => (pages > 1 ? `${count(n)} ${what}` : what)).join(", "));
    return lines.join("\n");
  },

  show(row, n, x, y) {
    const tip = document.getElementById("tip");
    tip.textContent = map.describe(row.vma, n);
    tip.hidden = false;
    tip.style.left = `${Math.min(x + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > window.innerHeight ? y - tip.offsetHeight - 10 : y + 18}px`;
  },

  hide() {
    document.getElementById("tip").hidden = true;
  },

  // The mouse, and for those without one the arrow keys.
  listen(row) {
    const { canvas, vma } = row;
    const last = map.cellCount(vma) - 1;
    canvas.addEventListener("mousemove", (event) => {
      const column = Math.floor(event.offsetX / CELL);
      const n = Math.floor(event.offsetY / CELL) * row.columns + column;
      if (column < row.columns && n <= last) {
        map.show(row, n, event.clientX, event.clientY);
      } else {
        map.hide();
      }
    });
    canvas.addEventListener("mouseleave", map.hide);
    canvas.addEventListener("blur", map.hide);
    canvas.addEventListener("keydown", (event) => {
      const steps = {
        ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row.columns, ArrowDown: row.columns, Home: -Infinity, End: Infinity,
      };
      if (event.key === "Escape") {
        map.hide();
      } else if (event.key in steps) {
        row.at = Math.min(last, Math.max(0, (row.at ?? -1) + steps[event.key]));
        const box = canvas.getBoundingClientRect();
        map.show(row, row.at, box.left + (row.at % row.columns) * CELL,
          box.top + Math.floor(row.at / row.columns) * CELL);
        event.preventDefault();
      }
    });
  },

  row(vma) {
    const held = vma.stored + vma.duplicate + vma.zero;
    const detail = `${bytes(vma.pages)}`
      + (held ? `, ${bytes(held)} in the checkpoint` : "")
      + (vma.touched ? `, ${bytes(vma.touched)} touched` : "")
      + (vma.pagesPerCell !== map.usual && held ? `; a square is ${count(vma.pagesPerCell)} pages` : "");
    const canvas = element("canvas", {
      role: "img",
      tabindex: "0",
      "data-cells": map.cellCount(vma),
      "aria-label": `${vma.what}, ${vma.start} to ${vma.end}: ${detail}`,
    });
    const label = element("div", {},
      element("div", { class: "range" }, `${vma.start.slice(2)}-${vma.end.slice(2)} ${vma.permissions}`),
      element("div", { class: "what" }, `${vma.what} \u2014 ${detail}`));
    const row = { vma, canvas, columns: 1, at: undefined, empty: !held && !vma.touched };
    row.element = element("div", { class: "vma" }, label, canvas);
    map.listen(row);
    map.rows.push(row);
    return row.element;
  },

  process(process) {
    const sum = (name) => process.vmas.reduce((total, vma) => total + vma[name], 0);
    const held = sum("stored") + sum("duplicate") + sum("zero");
    const title = element("summary", {},
      element("h3", {}, `${process.name} (${process.pid})`),
      element("span", { class: "none" },
        `${count(process.vmas.length)} areas, ${bytes(held)} in the checkpoint`
          + (data.recordings.length ? `, ${bytes(sum("touched"))} touched` : "")));
    const details = element("details", { class: "process", open: "" }, title, ...process.vmas.map(map.row));
    details.addEventListener("toggle", map.drawAll);
    return details;
  },

  drawAll() {
    map.rows.forEach(map.draw);
  },

  filter() {
    const hide = document.getElementById("hide-empty").checked;
    const find = document.getElementById("find").value.trim().toLowerCase();
    let address;
    try {
      address = /^(0x)?[0-9a-f]{4,16}$/.test(find) ? BigInt(`0x${find.replace("0x", "")}`) : undefined;
    } catch {
      address = undefined;
    }
    for (const row of map.rows) {
      const found = !find || row.vma.what.toLowerCase().includes(find)
        || (address !== undefined && address >= BigInt(row.vma.start) && address < BigInt(row.vma.end));
      row.element.hidden = (hide && row.empty) || !found;
    }
  },

  key(label, cell, pages) {
    const size = 14;
    const canvas = element("canvas", { width: size * 2, height: size * 2, "aria-hidden": "true" });
    canvas.style.width = canvas.style.height = `${size}px`;
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    map.paint(context, 0, 0, size, cell, pages, map.palette());
    return element("span", { class: "key" }, canvas, label);
  },

  legend() {
    const none = { first: NEVER, touched: 0, stored: 0, duplicate: 0, zero: 0 };
    const legend = document.getElementById("legend");
    legend.replaceChildren();
    if (data.quantileMicros.length) {
      const times = data.quantileMicros;
      const gradient = element("div");
      gradient.style.cssText = "height: 12px; width: 320px; border-radius: 3px; background: linear-gradient(90deg, "
        + STOPS.map((c) => `rgb(${c.join(" ")})`).join(", ") + ")";
      const ticks = [0, 25, 50, 75, 100].map((q) => element("span", {},
        duration(times[Math.round((q * (times.length - 1)) / 100)] * 1000)));
      legend.append(element("span", { class: "key" }, "first touched after",
        element("div", {}, gradient, element("div", { class: "ticks" }, ...ticks))));
    }
    legend.append(
      map.key(data.recordings.length ? "stored, never touched" : "stored", { ...none, stored: 1 }, 1),
      map.key("equal to another page", { ...none, duplicate: 1 }, 1),
      map.key("zero", { ...none, zero: 1 }, 1),
      map.key("not in the checkpoint", none, 1),
      element("span", { class: "none" }, map.usual === 1 ? "a square is a page"
        : `a square is ${count(map.usual)} pages, filled as far as they were touched`));
  },

  // How many pages a square is; only very long areas differ.
  usual: Math.min(...data.processes.flatMap((process) => process.vmas)
    .filter((vma) => vma.stored + vma.duplicate + vma.zero + vma.touched > 0)
    .map((vma) => vma.pagesPerCell)),

  start() {
    document.getElementById("map").append(...data.processes.map(map.process));
    map.legend();
    map.drawAll();
    document.getElementById("hide-empty").addEventListener("change", map.filter);
    document.getElementById("find").addEventListener("input", map.filter);
    window.addEventListener("resize", map.drawAll);
    document.body.dataset.vmas = map.rows.length;
    document.body.dataset.cells = map.rows.reduce((sum, row) => sum + map.cellCount(row.vma), 0);
  },
};

map.start();
