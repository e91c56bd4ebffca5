/* The keyboard. One table says what each key does; the dialog behind ? is written from it.
   Never fires while somebody types, nor with Ctrl, Alt or Meta. Turned off, only ? stays silent too. */
(() => {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const isOn = () => document.body.dataset.shortcuts === "on";
  const dialog = () => one("#shortcuts");

  /* --- rows ------------------------------------------------------------------------------------------------------- */

  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  const marked = () => one("[data-row].is-marked");
  const move = (step) => {
    const list = rows();
    if (!list.length) return false;
    const at = list.indexOf(marked());
    const next = list[Math.min(Math.max(at + step, 0), list.length - 1)];
    marked()?.classList.remove("is-marked");
    next.classList.add("is-marked");
    const stop = next.querySelector("a[href], button, summary, input") || next;
    if (stop === next) next.tabIndex = -1;
    stop.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  };
  const open = () => {
    const row = marked();
    const stop = row?.querySelector(".row-link, a[href], summary, button");
    if (!stop || document.activeElement.matches("a, button, summary")) return false;
    stop.click();
    return true;
  };
  /* an option of the item that is open: a to c pick one, Ctrl+Enter records it */
  const pick = (letter) => {
    const form = (marked() || document).querySelector("[data-decide]") || one("[data-decide]");
    const box = form?.querySelector(`[data-letter="${letter}"]:not(:disabled)`);
    if (!box) return false;
    box.checked = true;
    box.focus();
    return true;
  };
  const follow = (selector) => {
    const link = one(selector);
    link?.click();
    return Boolean(link);
  };
  const search = () => {
    const box = one("[data-search]") || one('.main input[type="search"]') || one("[data-scope-filter]");
    if (!box || box.offsetParent === null) return false;
    box.focus();
    box.select();
    return true;
  };

  const KEYS = [
    { keys: ["j"], word: "Next row", act: () => move(1), needs: () => one("[data-row]") },
    { keys: ["k"], word: "Row before", act: () => move(-1), needs: () => one("[data-row]") },
    { keys: ["Enter"], word: "Open the row", act: open, needs: () => one("[data-row]") },
    { keys: ["a", "b", "c"], word: "Pick an option", act: (key) => pick(key), needs: () => one("[data-decide] [data-letter]") },
    { keys: ["Ctrl", "Enter"], word: "Record the decision", act: () => false, needs: () => one("[data-decide] [data-letter]") },
    { keys: ["["], word: "Week before", act: () => follow('[data-week="previous"]'), needs: () => one("[data-week]") },
    { keys: ["]"], word: "Next week", act: () => follow('[data-week="next"]'), needs: () => one("[data-week]") },
    { keys: ["/"], word: "Search", act: search, needs: () => one('[data-search], .main input[type="search"], [data-scope-filter]') },
    { keys: ["?"], word: "This list", act: () => showList(), needs: () => true },
  ];
  const pages = () => [...document.querySelectorAll(".nav-link[data-key]")];

  /* --- the list --------------------------------------------------------------------------------------------------- */

  const line = (keys, word) => {
    const name = document.createElement("dt");
    keys.forEach((key) => {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      name.append(cap);
    });
    const meaning = document.createElement("dd");
    meaning.textContent = word;
    return [name, meaning];
  };
  const showList = () => {
    const list = one("[data-keys-list]");
    if (!list) return false;
    const nav = pages().map((page) => line(["g", page.dataset.key], page.firstElementChild?.nextSibling?.textContent.trim() || page.textContent.trim()));
    const rest = KEYS.filter((key) => key.needs()).map((key) => line(key.keys, key.word));
    list.replaceChildren(...nav.flat(), ...rest.flat());
    if (!dialog().open) dialog().showModal();
    return true;
  };

  document.addEventListener("click", (event) => { if (event.target.closest("[data-shortcuts-open]")) showList(); });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-shortcuts-switch]")) return;
    document.body.dataset.shortcuts = event.target.checked ? "on" : "off";
    window.plumbline.keep("shortcuts", document.body.dataset.shortcuts);
  });

  /* --- typing ----------------------------------------------------------------------------------------------------- */

  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("[data-decide]") || marked()?.querySelector("[data-decide]");
    if (!form?.querySelector('[type="submit"]')) return;
    event.preventDefault();
    form.requestSubmit();
  });

  let waiting = 0;
  const types = (target) => target.closest?.("input:not([data-letter]), select, textarea, [contenteditable], dialog[open]");
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
    if (types(event.target)) return;
    const afterG = waiting && Date.now() - waiting < 1500;
    waiting = 0;
    if (afterG) {
      const page = pages().find((link) => link.dataset.key === event.key);
      if (page) { event.preventDefault(); page.click(); return; }
    }
    if (event.key === "g") { waiting = Date.now(); return; }
    const key = KEYS.find((each) => each.keys[0] !== "Ctrl" && each.keys.includes(event.key));
    if (key && key.act(event.key)) event.preventDefault();
  });
})();
