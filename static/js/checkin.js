/* The check-in: 1 2 3 answers and moves on, what a slip changes shows live, what was typed outlasts a reload and a log-in.
   Without it the page still answers, logs and sends. */
(() => {
  "use strict";
  const form = document.getElementById("checkin");
  if (!form) return;
  const one = (selector, within = form) => within.querySelector(selector);
  const all = (selector, within = form) => [...within.querySelectorAll(selector)];
  const rows = () => all("[data-answer]");
  const rowOf = (part) => part.closest("[data-answer]");
  const word = (row) => one(".three input:checked", row)?.value || "";
  const typedOption = (row) => all(".option-title", row).some((box) => box.value.trim());

  /* --- how far ---------------------------------------------------------------------------------------------------- */

  const isAnswered = (row) => {
    const said = word(row);
    if (said === "will_slip") return "slipped" in row.dataset;
    return said === "on_track" || said === "at_risk" && (Number(row.dataset.options) > 0 || typedOption(row));
  };
  const count = () => {
    const done = rows().map(isAnswered);
    const answered = done.filter(Boolean).length;
    all(".bars i", document).forEach((bar, at) => bar.classList.toggle("on", answered > at));
    const words = one("[data-progress-words]", document);
    if (words) words.textContent = `${answered} of ${done.length}`;
    one("[data-send]")?.classList.toggle("is-waiting", answered < done.length);
    if (answered === done.length) one("[data-send-note]").textContent = "";
  };

  /* --- keys ------------------------------------------------------------------------------------------------------- */

  const stopOf = (row) => one(".three input:checked", row) || one(".three input", row);
  const moveOn = (row) => {
    const said = word(row);
    const wanting = said === "will_slip" && !("slipped" in row.dataset) ? ".dates input"
      : said === "at_risk" && !Number(row.dataset.options) && !typedOption(row) ? ".option-title" : "";
    const next = wanting ? one(wanting, row) : stopOf(rows()[rows().indexOf(row) + 1] || row);
    const goal = !wanting && row === rows().at(-1) ? one("[data-send]") : next;
    goal?.focus();
    goal?.scrollIntoView({ block: "nearest" });
  };
  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (document.body.dataset.shortcuts !== "on" || !"123".includes(event.key)) return;
    const row = rowOf(event.target);
    if (!row || event.target.matches("textarea, select, input:not([type='radio'])")) return;
    const choice = all(".three input", row)[Number(event.key) - 1];
    if (!choice) return;
    event.preventDefault();
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    moveOn(row);
  });

  /* --- what this changes ------------------------------------------------------------------------------------------- */

  const panel = one("[data-changes]", document);
  const FIRST = panel?.innerHTML;
  let asking = null;
  let waiting = 0;
  const dateOf = (row) => {
    const chosen = one(".dates input[type='radio']:checked", row)?.value || "";
    return chosen === "pick" ? one(".picked", row).value.trim() : chosen;
  };
  const say = (row, text) => { const line = one("[data-chance]", row); if (line) line.textContent = text; };
  const put = (place, part) => { if (place) place.replaceChildren(...(part ? [...part.cloneNode(true).childNodes] : [])); };
  const fill = (row, text) => {
    const box = one("[data-impact]", row);
    if (!box || box.dataset.own === "yes") return;
    box.value = text;
  };
  const look = async (row) => {
    const to = dateOf(row);
    asking?.abort();
    if (word(row) !== "will_slip" || !to) { panel?.classList.remove("is-busy"); return; }
    asking = new AbortController();
    const mine = asking;
    const asked = new URLSearchParams({ commitment: row.dataset.answer, to });
    const likely = one(`[name="c${row.dataset.answer}-likely"]`, row)?.value.trim();
    if (likely) asked.set("likely", likely);
    panel?.classList.add("is-busy");
    try {
      const answer = await fetch(`${form.dataset.preview}?${asked}`, { signal: mine.signal, headers: { "X-Requested-With": "fetch" } });
      const text = await answer.text();
      if (mine.signal.aborted) return;
      if (answer.redirected) say(row, "Your log-in has ended. Sign in again; what you typed is kept.");
      else if (answer.status !== 200 && answer.status !== 422) say(row, answer.status === 404 ? "It is no longer a promise of this team. Load the page again." : "The effect could not be worked out just now.");
      else {
        const parts = new DOMParser().parseFromString(text, "text/html");
        const part = (name) => parts.querySelector(`[data-part="${name}"]`);
        put(panel, part("panel"));
        put(one("[data-changes-here]", row), part("strip"));
        const chance = one("[data-chance]", row);
        put(chance, part("chance"));
        chance.classList.toggle("late-word", answer.status === 422);
        if (answer.status === 200) fill(row, part("impact").textContent);
      }
    } catch (fault) {
      if (fault.name !== "AbortError") say(row, "The effect could not be worked out just now.");
    } finally {
      if (mine === asking) panel?.classList.remove("is-busy");
    }
  };
  const openOptions = () => rows().forEach((row) => {
    const more = one("[data-more-options]", row);
    if (more && word(row) === "will_slip") more.open = true;
  });
  const lookSoon = (row, after = 250) => { clearTimeout(waiting); waiting = setTimeout(() => look(row), after); };

  /* --- options ----------------------------------------------------------------------------------------------------- */

  const MOST = 8;
  const addOption = (row, focus = true) => {
    const options = all("[data-option]", row);
    if (options.length >= MOST) return;
    const at = options.length;
    const letter = "ABCDEFGH"[at];
    const fresh = options[0].cloneNode(true);
    fresh.querySelector(".letter").textContent = letter;
    all("input", fresh).forEach((box) => {
      box.name = box.name.replace(/-o\d+-/, `-o${at}-`);
      box.setAttribute("aria-label", box.getAttribute("aria-label").replace(/^Option [A-H]/, `Option ${letter}`));
      box.removeAttribute("aria-invalid");
      if (box.type === "radio") { box.value = String(at); box.checked = false; } else box.value = "";
    });
    options.at(-1).after(fresh);
    one("[data-add-option]", row).hidden = at + 1 >= MOST;
    if (focus) one(".option-title", fresh).focus();
  };

  /* --- draft: what was typed, for this tab only --------------------------------------------------------------------- */

  const KEY = `checkin:${form.dataset.checkin}`;
  const SKIPPED = /^(csrfmiddlewaretoken|opened|seen|c\d+-seen)$/;
  const values = () => Object.fromEntries([...new FormData(form)].filter(([name]) => !SKIPPED.test(name)));
  const seen = () => Object.fromEntries(rows().map((row) => [row.dataset.answer, row.dataset.seen]));
  const own = () => all("[data-impact][data-own='yes']").map((box) => box.name);
  const store = (act) => { try { return act(sessionStorage); } catch { return null; } };
  const forget = () => store((kept) => kept.removeItem(KEY));
  let touched = false;
  const keep = () => {
    if (touched) store((kept) => kept.setItem(KEY, JSON.stringify({ last: form.elements.seen.value, seen: seen(), values: values(), own: own() })));
  };
  const restore = () => {
    let draft = null;
    try { draft = JSON.parse(store((kept) => kept.getItem(KEY))); } catch { forget(); }
    if (!draft || "refused" in form.dataset) { touched = Boolean(draft); return; }
    if (draft.last !== form.elements.seen.value && form.dataset.mine === "yes") { forget(); return; }
    const before = JSON.stringify(values());
    rows().forEach((row) => {
      const pk = row.dataset.answer;
      if (draft.seen[pk] !== undefined && draft.seen[pk] !== row.dataset.seen && "slipped" in row.dataset) return;
      const mine = Object.entries(draft.values).filter(([name]) => name.startsWith(`c${pk}-`));
      const options = mine.map(([name]) => Number(name.match(/-o(\d+)-/)?.[1] ?? 0));
      while (all("[data-option]", row).length <= Math.min(Math.max(0, ...options), MOST - 1)) addOption(row, false);
      mine.forEach(([name, value]) => all(`[name="${name}"]`, row).forEach((box) => {
        if (box.type === "radio") box.checked = box.value === value;
        else box.value = value;
        if (draft.own.includes(name)) box.dataset.own = "yes";
      }));
    });
    if (JSON.stringify(values()) === before) { forget(); return; }
    touched = true;
    one("[data-draft-note]").hidden = false;
  };
  one("[data-draft-discard]")?.addEventListener("click", () => { touched = false; forget(); location.replace(location.pathname); });

  /* --- what happens ------------------------------------------------------------------------------------------------ */

  form.addEventListener("change", (event) => {
    touched = true;
    const row = rowOf(event.target);
    openOptions();
    if (row && event.target.matches(".three input, .dates input, .estimate-fields input")) {
      lookSoon(row, event.target.type === "radio" ? 60 : 250);
      if (event.target.value === "pick") one(".picked", row).focus();
      if (event.target.matches(".three input") && word(row) !== "will_slip" && panel) panel.innerHTML = FIRST;
    }
    count();
    keep();
  });
  form.addEventListener("input", (event) => {
    touched = true;
    const row = rowOf(event.target);
    if (event.target.matches("[data-impact]")) event.target.dataset.own = event.target.value ? "yes" : "";
    if (event.target.matches(".picked, .estimate-fields input")) lookSoon(row);
    if (event.target.matches(".option-title")) count();
    keep();
  });
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-add-option]")) addOption(rowOf(event.target));
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.dataset.log !== undefined) return;
    const left = rows().find((row) => !isAnswered(row));
    if (!left) { one("[data-send]").setAttribute("aria-disabled", "true"); return; }
    event.preventDefault();
    const why = word(left) === "will_slip" ? "log its slip first" : word(left) === "at_risk" ? "add one option" : "not answered yet";
    one("[data-send-note]").textContent = `${one(".answer-title", left).textContent.trim()}: ${why}.`;
    window.plumbline?.announce(one("[data-send-note]").textContent);
    moveOn(left);
    if (!word(left)) stopOf(left).focus();
  });
  // Enter in a field must neither send the check-in nor log the first slip of the page
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input:not([type='submit'])")) return;
    event.preventDefault();
    const row = rowOf(event.target);
    const inSlip = event.target.closest("[data-slip-form]");
    if (inSlip && word(row) === "will_slip") one("[data-log]", row).click();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.xhr?.responseURL || new URL(event.detail.xhr.responseURL).pathname === new URL(form.action).pathname) return;
    event.detail.shouldSwap = false;
    window.plumbline?.toast("Your log-in has ended, and the slip was not saved. Load the page and sign in; what you typed is kept.", "late");
  });
  document.addEventListener("htmx:afterSwap", () => { openOptions(); count(); keep(); });
  window.addEventListener("pageshow", () => one("[data-send]")?.removeAttribute("aria-disabled"));

  restore();
  openOptions();
  count();
  all("[data-impact]").forEach((box) => { if (box.value && "refused" in form.dataset) box.dataset.own = "yes"; });
  const open = rows().find((row) => word(row) === "will_slip" && dateOf(row));
  if (open) look(open);
})();
