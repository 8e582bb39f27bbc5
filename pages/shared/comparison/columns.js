// Columns of passages with lines between the same ones. Everything from documents arrives as data and is
// set as text; nothing here is parsed as markup.

const SVG = "http://www.w3.org/2000/svg";

function made(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function badge(passage) {
  return made("span", "badge", passage.letter);
}

function carries(element, index, passages) {
  element.dataset.passage = index;
  const colour = passages[index].colour;
  element.style.setProperty("--colour", colour || "var(--soft)");
  if (!colour) element.classList.add("alone");
}

function head(run, place, report) {
  const box = made("div", "head");
  const title = made("h3");
  title.append(made("span", "place", `${place + 1}. `), run.name);
  box.append(title, made("div", "agreement", run.agreement));
  if (run.parts.length) {
    const time = made("div", "time");
    const track = made("div", "track");
    track.setAttribute("aria-hidden", "true");
    for (const part of run.parts) {
      const piece = made("div", "part");
      piece.style.width = `${part.share * 100}%`;
      piece.title = part.label;
      track.append(piece);
    }
    time.append(track, made("span", "", run.time));
    box.append(time);
  }
  if (run.note) box.append(made("div", "note", run.note));
  const foot = made("div", "foot");
  if (run.inUse) {
    foot.append(made("span", "used", "✓ In use"));
  } else if (run.usable) {
    const use = made("button", "use", "Use these settings");
    use.type = "button";
    use.setAttribute("aria-label", `Use these settings: ${run.name}`);
    use.onclick = () => report("used", place);
    foot.append(use);
  }
  box.append(foot);
  return box;
}

const GRADES = { relevant: "Relevant", partly: "Partly", not: "Not" };

// A grade belongs to the passage, so it shows in every column; pressing it again takes it back.
function grading(index, passage, report) {
  const group = made("div", "grades");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `Does passage ${passage.letter} answer the question?`);
  for (const [grade, label] of Object.entries(GRADES)) {
    const isChosen = passage.grade === grade;
    const button = made("button", `grade ${grade}`, label);
    button.type = "button";
    button.dataset.grade = grade;
    button.setAttribute("aria-pressed", isChosen);
    button.onclick = () => report("judged", { passage: index, grade: isChosen ? "" : grade });
    group.append(button);
  }
  return group;
}

function card(hit, passages, report, place) {
  const passage = passages[hit.passage];
  const button = made("button", "card");
  button.type = "button";
  carries(button, hit.passage, passages);
  const top = made("div", "top");
  top.append(made("span", "rank", hit.rank), badge(passage));
  if (hit.move) top.append(made("span", `move ${hit.movement}`, hit.move));
  const source = made("div", "source");
  source.append(made("span", "name", passage.name));
  if (passage.page) source.append(made("span", "page", passage.page));
  source.title = passage.document;
  const also = passage.also ? [made("div", "also", passage.also)] : [];
  const excerpt = made("div", "excerpt");
  excerpt.dir = "auto";
  for (const [text, marked] of passage.excerpt) excerpt.append(marked ? made("mark", "", text) : text);
  const stages = made("div", "stages", hit.stages);
  stages.title = hit.stages;
  button.append(top, source, ...also, excerpt, stages);
  button.onclick = () => report("opened", { run: place, passage: hit.passage });
  const item = made("li");
  item.append(button, grading(hit.passage, passage, report));
  return item;
}

function ranking(run, passages, report, place) {
  const list = made("ol");
  for (const hit of run.hits) list.append(card(hit, passages, report, place));
  if (!run.hits.length && run.usable) list.append(made("li", "empty", "Nothing was found."));
  return list;
}

function gone(run, passages, report, place) {
  const box = made("div", "gone");
  if (!run.gone.length) return box;
  box.append(made("p", "", run.goneTitle));
  const chips = made("div");
  for (const own of run.gone) {
    const chip = made("button", "chip");
    chip.type = "button";
    carries(chip, own.passage, passages);
    chip.append(badge(passages[own.passage]), made("span", "", own.text));
    chip.onclick = () => report("opened", { run: place, passage: own.passage });
    chips.append(chip);
  }
  box.append(chips);
  return box;
}

// Lines run from a passage in one column to the same passage in the next.
function drawLines(stage) {
  const grid = stage.querySelector(".columns");
  const svg = stage.querySelector("svg");
  svg.replaceChildren();
  svg.setAttribute("width", grid.scrollWidth);
  svg.setAttribute("height", grid.scrollHeight);
  const origin = grid.getBoundingClientRect();
  const columns = [...grid.querySelectorAll(".column")];
  for (let place = 0; place + 1 < columns.length; place += 1) {
    const targets = new Map();
    for (const own of columns[place + 1].querySelectorAll("[data-passage]")) targets.set(own.dataset.passage, own);
    for (const own of columns[place].querySelectorAll("[data-passage]")) {
      const target = targets.get(own.dataset.passage);
      if (!target) continue;
      const from = own.getBoundingClientRect();
      const to = target.getBoundingClientRect();
      const [x1, y1] = [from.right - origin.left, from.top - origin.top + Math.min(from.height / 2, 21)];
      const [x2, y2] = [to.left - origin.left, to.top - origin.top + Math.min(to.height / 2, 21)];
      const bend = Math.max(x2 - x1, 16) / 2;
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`);
      path.dataset.passage = own.dataset.passage;
      path.style.setProperty("--colour", own.style.getPropertyValue("--colour"));
      const faint = own.classList.contains("chip") || target.classList.contains("chip");
      if (faint) path.classList.add("dropped");
      svg.append(path);
    }
  }
}

function mark(stage, passage) {
  stage.classList.toggle("marking", passage !== null);
  for (const own of stage.querySelectorAll("[data-passage]")) {
    own.classList.toggle("marked", passage !== null && own.dataset.passage === String(passage));
  }
}

// Up and down walk a column; left and right go to the same passage in the next column.
function walk(stage, event) {
  const own = event.target.closest("[data-passage]");
  if (!own || !event.key.startsWith("Arrow")) return;
  const column = own.closest(".column");
  const cards = [...column.querySelectorAll("[data-passage]")];
  const step = event.key === "ArrowDown" || event.key === "ArrowRight" ? 1 : -1;
  let next;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    next = cards[cards.indexOf(own) + step];
  } else {
    const columns = [...stage.querySelectorAll(".column")];
    const beside = columns[columns.indexOf(column) + step];
    next = beside && beside.querySelector(`[data-passage="${own.dataset.passage}"]`);
  }
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// A run of the page draws the columns anew; who works with the keyboard stays where they were. Where they
// were is kept outside, too: a run may make the whole component anew.
const kept = (globalThis.askanceColumns ??= { place: null });

function placeOfFocus(parentElement) {
  const focused = parentElement.activeElement;
  const own = focused?.closest("[data-passage]") ?? focused?.closest("li")?.querySelector("[data-passage]");
  if (!own) return null;
  const columns = [...parentElement.querySelectorAll(".column")];
  const grade = focused.dataset.grade;
  return { column: columns.indexOf(own.closest(".column")), passage: own.dataset.passage, grade };
}

function focusAgain(stage, held) {
  const column = stage.querySelectorAll(".column")[held.column];
  const own = column?.querySelector(`[data-passage="${held.passage}"]`);
  const grade = held.grade && own?.parentElement.querySelector(`[data-grade="${held.grade}"]`);
  (grade || own)?.focus({ preventScroll: true });
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".comparison");
  let pinned = data.opened;
  const report = (name, value) => {
    if (name === "opened") {
      pinned = value.passage;
      mark(stage, pinned);
    }
    setTriggerValue(name, value);
  };

  const before = root.querySelector(".stage");
  const scrolled = before ? before.scrollLeft : 0;
  const nowhere = document.activeElement === null || document.activeElement === document.body;
  const held = placeOfFocus(parentElement) ?? (nowhere ? kept.place : null);
  const stage = made("div", "stage");
  const grid = made("div", `columns of-${data.runs.length}`);
  grid.append(document.createElementNS(SVG, "svg"));
  data.runs.forEach((run, place) => {
    const column = made("section", "column");
    column.setAttribute("aria-label", run.name);
    column.append(
      head(run, place, report),
      ranking(run, data.passages, report, place),
      gone(run, data.passages, report, place),
    );
    grid.append(column);
  });
  stage.append(grid);
  root.replaceChildren(stage);
  stage.scrollLeft = scrolled;
  if (held) focusAgain(stage, held);

  const at = (event) => event.target.closest("[data-passage]");
  stage.addEventListener("pointerover", (event) => {
    const own = at(event);
    mark(stage, own ? own.dataset.passage : pinned);
  });
  stage.addEventListener("pointerleave", () => mark(stage, pinned));
  stage.addEventListener("focusin", (event) => {
    const own = at(event);
    if (own) mark(stage, own.dataset.passage);
    kept.place = placeOfFocus(parentElement);
  });
  stage.addEventListener("focusout", (event) => {
    mark(stage, pinned);
    // Without a next element the one with the focus was taken away, or a click went beside everything.
    if (event.relatedTarget) kept.place = null;
  });
  stage.addEventListener("keydown", (event) => walk(stage, event));

  const redraw = () => {
    drawLines(stage);
    mark(stage, pinned);
  };
  const observer = new ResizeObserver(redraw);
  observer.observe(grid);
  redraw();
  return () => observer.disconnect();
}
