// Block Kit as DOM nodes. `act(element, blockId, value)` is called when a person touches something.

import { el, link } from "/dom.js";
import { emoji, formatDate, inline, mention, rich } from "/text.js";

/** A text object, or a bare string. */
export function words(text, dialect = "mrkdwn") {
  if (!text) return [];
  if (typeof text === "string") return [text];
  return text.type === "mrkdwn" ? rich(text.text, dialect) : plain(text.text);
}

const plain = (text) => text.split(/(:[a-z0-9_+-]+:)/).map((part) =>
  /^:[a-z0-9_+-]+:$/.test(part) ? emoji(part.slice(1, -1)) : part);

function richParts(elements) {
  return (elements ?? []).map((part) => {
    switch (part.type) {
      case "text": return styled(part);
      case "link": return link(part.url, part.text);
      case "user": return mention("user", part.user_id);
      case "usergroup": return mention("group", part.usergroup_id);
      case "channel": return mention("channel", part.channel_id);
      case "broadcast": return mention("broadcast", part.range);
      case "emoji": return emoji(part.name);
      case "date": return el("time", {}, formatDate(part.timestamp, part.format, part.fallback ?? ""));
      default: return part.value ?? "";
    }
  });
}

function styled({ text, style = {} }) {
  let node = el("span", { class: "typed" }, text);
  for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
    if (style[name]) node = el(tag, {}, node);
  }
  return node;
}

function richText(block) {
  return (block.elements ?? []).map((part) => {
    switch (part.type) {
      case "rich_text_list":
        return el(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => el("li", {}, richParts(item.elements))));
      case "rich_text_preformatted": return el("pre", {}, el("code", {}, richParts(part.elements)));
      case "rich_text_quote": return el("blockquote", {}, richParts(part.elements));
      default: return el("p", {}, richParts(part.elements));
    }
  });
}

const STATES = {
  pending: ["○", "waiting"], in_progress: ["◐", "working"], complete: ["✓", "done"], error: ["✕", "failed"],
};

function task(card, streaming) {
  const status = card.status === "in_progress" && streaming === "errored" ? "error" : card.status;
  const [mark, label] = STATES[status] ?? ["○", status];
  return el("li", { class: `task ${status}` },
    el("span", { class: "mark", role: "img", "aria-label": label, title: label }, mark),
    el("div", { class: "task-body" },
      el("div", { class: "task-title" }, inline(card.title, "markdown"), el("span", { class: "task-state" }, label)),
      card.details ? el("div", { class: "task-details" }, richText(card.details)) : null,
      card.output ? el("div", { class: "task-output" }, richText(card.output)) : null,
      card.sources?.length ? el("div", { class: "task-sources" }, card.sources.map((source) => link(source.url, source.text))) : null));
}

function plan(block, streaming) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((each) => each.status === "complete").length;
  return el("section", { class: "plan" },
    el("div", { class: "plan-title" }, el("span", {}, inline(block.title, "markdown")),
      tasks.length ? el("span", { class: "quiet" }, `${done} of ${tasks.length}`) : null),
    el("ol", { class: "tasks" }, tasks.map((each) => task(each, streaming))));
}

function image(block) {
  // Nothing is loaded from elsewhere: the alternative text stands for the picture.
  return el("div", { class: "picture", role: "img", "aria-label": block.alt_text }, `🖼 ${block.alt_text} `,
    block.image_url ? link(block.image_url, "open") : null);
}

const cell = (value) => (value.type === "rich_text" ? richText(value) : value.text ?? String(value.value ?? ""));

function tableBlock(block) {
  const [head, ...rows] = block.rows;
  const align = (index) => `align-${block.column_settings?.[index]?.align ?? "left"}`;
  return el("div", { class: "table-wrap" }, el("table", {},
    el("thead", {}, el("tr", {}, head.map((each, index) => el("th", { scope: "col", class: align(index) }, cell(each))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((each, index) => el("td", { class: align(index) }, cell(each))))))));
}

function choice(element, block, act, { multiple = false, picked = [] } = {}) {
  const options = (list) => list.map((option) =>
    el("option", { value: option.value, selected: picked.includes(option.value) }, words(option.text)));
  const select = el("select", { "aria-label": element.placeholder?.text ?? element.action_id, multiple, "data-action": element.action_id },
    multiple ? null : el("option", { value: "" }, element.placeholder?.text ?? "Choose…"),
    options(element.options ?? []),
    (element.option_groups ?? []).map((group) => el("optgroup", { label: group.label.text }, options(group.options))));
  select.addEventListener("change", () => {
    const values = [...select.selectedOptions].map((option) => option.value).filter(Boolean);
    if (values.length) act(element, block.block_id, multiple ? values : values[0]);
  });
  return select;
}

/** One interactive element. */
export function control(element, block, act) {
  const button = (text, { value, style = "", label } = {}) => el("button", {
    type: "button", class: `action ${style}`, "data-action": element.action_id, "aria-label": label,
    onclick: () => act(element, block.block_id, value),
  }, words(text));
  switch (element.type) {
    case "button": {
      const node = button(element.text, { style: element.style, label: element.accessibility_label });
      return element.url ? el("span", { class: "with-link" }, node, link(element.url, "↗")) : node;
    }
    case "workflow_button": return button(element.text, { style: element.style });
    case "icon_button": return button(element.text, { label: element.accessibility_label });
    case "feedback_buttons":
      return [element.positive_button, element.negative_button].map((side) =>
        button(side.text, { value: side.value, label: side.accessibility_label }));
    case "static_select": case "overflow":
      return choice(element, block, act, { picked: [element.initial_option?.value] });
    case "multi_static_select":
      return choice(element, block, act, { multiple: true, picked: (element.initial_options ?? []).map((each) => each.value) });
    case "radio_buttons": case "checkboxes": {
      const many = element.type === "checkboxes";
      const first = (many ? element.initial_options ?? [] : [element.initial_option]).map((each) => each?.value);
      const group = el("div", { class: "choices", role: many ? "group" : "radiogroup", "data-action": element.action_id });
      for (const option of element.options) {
        group.append(el("label", {}, el("input", {
          type: many ? "checkbox" : "radio", name: `${block.block_id}-${element.action_id}`, value: option.value,
          checked: first.includes(option.value),
          onchange: () => {
            const picked = [...group.querySelectorAll("input:checked")].map((input) => input.value);
            act(element, block.block_id, many ? picked : picked[0]);
          },
        }), el("span", {}, words(option.text), option.description ? el("small", {}, words(option.description)) : null)));
      }
      return group;
    }
    case "image": return image(element);
    default: {
      const kinds = { datepicker: "date", timepicker: "time", number_input: "number", email_text_input: "email", url_text_input: "url" };
      return el("input", {
        type: kinds[element.type] ?? "text", "data-action": element.action_id, "aria-label": element.placeholder?.text ?? element.action_id,
        placeholder: element.placeholder?.text,
        value: element.initial_value ?? element.initial_date ?? element.initial_time ?? "",
        onchange: (event) => act(element, block.block_id, event.target.value),
      });
    }
  }
}

function card(block, act) {
  return el("section", { class: "card" },
    block.hero_image ? image(block.hero_image) : null,
    block.title ? el("div", { class: "card-title" }, words(block.title)) : null,
    block.subtitle ? el("div", { class: "quiet" }, words(block.subtitle)) : null,
    block.body ? el("div", {}, words(block.body)) : null,
    block.actions ? el("div", { class: "actions" }, block.actions.map((each) => control(each, block, act))) : null);
}

/** One block. `streaming` is the state of the stream it belongs to, if any. */
export function renderBlock(block, act, streaming = null) {
  switch (block.type) {
    case "section":
      return el("div", { class: "section" },
        el("div", { class: "section-text" }, words(block.text),
          block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, words(field)))) : null),
        block.accessory ? el("div", { class: "accessory" }, control(block.accessory, block, act)) : null);
    case "header": return el("p", { class: "block-header", role: "heading", "aria-level": "3" }, words(block.text));
    case "divider": return el("hr");
    case "context":
      return el("div", { class: "context" }, block.elements.map((each) =>
        el("span", {}, each.type === "image" ? image(each) : words(each))));
    case "actions": case "context_actions":
      return el("div", { class: "actions" }, block.elements.map((each) => control(each, block, act)));
    case "image": return el("figure", {}, image(block), block.title ? el("figcaption", {}, words(block.title)) : null);
    case "rich_text": return el("div", {}, richText(block));
    case "markdown": return el("div", { class: "markdown" }, rich(block.text, "markdown"));
    case "table": return tableBlock(block);
    case "plan": return plan(block, streaming);
    case "task_card": return el("ol", { class: "tasks" }, task(block, streaming));
    case "alert": return el("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, words(block.text));
    case "card": return card(block, act);
    case "carousel": return el("div", { class: "carousel" }, block.elements.map((each) => card(each, act)));
    case "container":
      return el("details", { class: "card", open: !block.default_collapsed },
        el("summary", {}, words(block.title)), block.child_blocks.map((each) => renderBlock(each, act, streaming)));
    default: return el("div", { class: "context" }, `[${block.type} block]`);
  }
}

/** A legacy attachment: the coloured bar of an alert. */
export function attachment(item, act) {
  const known = { good: "success", warning: "warning", danger: "error" };
  const level = known[item.color] ?? ({ "#d63232": "error", "#a30200": "error", "#2eb886": "success" }[item.color?.toLowerCase()] ?? "default");
  return el("div", { class: `attachment ${level}` },
    item.pretext ? el("div", {}, rich(item.pretext)) : null,
    item.title ? el("div", { class: "card-title" }, item.title_link ? link(item.title_link, item.title) : inline(item.title, "mrkdwn")) : null,
    item.text ? rich(item.text) : null,
    item.fields ? el("div", { class: "fields" }, item.fields.map((field) =>
      el("div", {}, el("strong", {}, field.title), el("br"), inline(String(field.value ?? ""), "mrkdwn")))) : null,
    (item.blocks ?? []).map((block) => renderBlock(block, act)),
    item.footer ? el("div", { class: "context" }, item.footer) : null);
}
