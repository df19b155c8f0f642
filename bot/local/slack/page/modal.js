// Modals and confirm dialogs, in native <dialog> elements (focus is kept inside; Escape closes).

import { post } from "/api.js";
import { control, renderBlock, words } from "/blocks.js";
import { el } from "/dom.js";

/** Ask before a dangerous button, as the app told Slack to. Resolves to whether the person went on. */
export function confirmed(object) {
  const dialog = document.getElementById("confirm");
  return new Promise((resolve) => {
    const finish = (answer) => { dialog.close(); resolve(answer); };
    dialog.replaceChildren(
      el("h2", { id: "confirm-title" }, words(object.title)),
      el("div", {}, words(object.text)),
      el("div", { class: "dialog-actions" },
        el("button", { type: "button", class: "action", onclick: () => finish(false) }, words(object.deny)),
        el("button", { type: "button", class: `action ${object.style ?? "primary"}`, onclick: () => finish(true) }, words(object.confirm))));
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}

function entered(form, blocks) {
  const values = {};
  for (const block of blocks.filter((each) => each.type === "input")) {
    const field = form.querySelector(`[data-block="${CSS.escape(block.block_id)}"] [data-action]`);
    if (!field) continue;
    let value = field.value;
    if (field.matches("select[multiple]")) value = [...field.selectedOptions].map((option) => option.value);
    else if (field.matches(".choices")) {
      const picked = [...field.querySelectorAll("input:checked")].map((input) => input.value);
      value = block.element.type === "checkboxes" ? picked : picked[0];
    }
    if (value !== "" && value !== undefined && value !== null) values[block.block_id] = { [block.element.action_id]: value };
  }
  return values;
}

function input(block, errors) {
  const field = block.element.type === "plain_text_input" && block.element.multiline
    ? el("textarea", { rows: 4, "data-action": block.element.action_id, placeholder: block.element.placeholder?.text }, block.element.initial_value ?? "")
    : control(block.element, block, () => {});
  const name = `field-${block.block_id}`;
  if (field instanceof HTMLElement) { field.id = name; field.removeAttribute("aria-label"); }
  return el("div", { class: "field", "data-block": block.block_id },
    el("label", { for: name }, words(block.label), block.optional ? el("span", { class: "quiet" }, " (optional)") : null),
    field,
    block.hint ? el("small", { class: "quiet" }, words(block.hint)) : null,
    errors[block.block_id] ? el("p", { class: "field-error", role: "alert" }, errors[block.block_id]) : null);
}

let shown = null;

/** Show the modal in front of `viewer`, or none. */
export function showView(view, viewer, act) {
  const dialog = document.getElementById("modal");
  if (!view || view.type !== "modal") {
    shown = null;
    if (dialog.open) dialog.close();
    return;
  }
  const kept = shown === `${view.id}${view.hash}`;
  shown = `${view.id}${view.hash}`;
  if (!kept) draw(dialog, view, viewer, act, {}, "");
  if (!dialog.open) dialog.showModal();
}

function draw(dialog, view, viewer, act, errors, problem) {
  const cancel = () => post("close_view", { user: viewer, view_id: view.id });
  const form = el("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      const answer = await post("submit_view", { user: viewer, view_id: view.id, values: entered(form, view.blocks) });
      if (answer.ok) return;
      const before = new Map([...form.querySelectorAll("input,textarea,select")].map((field) => [field.id, field.value]));
      draw(dialog, view, viewer, act, answer.errors ?? {}, answer.errors ? "" : answer.message ?? answer.error);
      for (const [id, value] of before) { const field = id && document.getElementById(id); if (field) field.value = value; }
    },
  },
  el("h2", { id: "modal-title" }, words(view.title)),
  problem ? el("p", { class: "field-error", role: "alert" }, problem) : null,
  view.blocks.map((block) => (block.type === "input" ? input(block, errors) : renderBlock(block, act))),
  el("div", { class: "dialog-actions" },
    el("button", { type: "button", class: "action", onclick: cancel }, view.close ? words(view.close) : "Cancel"),
    view.submit ? el("button", { type: "submit", class: "action primary" }, words(view.submit)) : null));
  dialog.oncancel = (event) => { event.preventDefault(); cancel(); };
  dialog.replaceChildren(form);
}
