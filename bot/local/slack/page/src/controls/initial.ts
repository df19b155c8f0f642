// What an element says before anybody has touched it, and what it says in the form the workspace takes.

import type { Value } from "../acting.tsx";
import type { Choice, Element, Entry, Picker } from "../blocks/types.ts";

/** Whether the element holds a value: everything but buttons and pictures. */
export function holdsValue(element: Element): element is Choice | Picker | Entry {
  return !["button", "workflow_button", "icon_button", "feedback_buttons", "image"].includes(element.type);
}

/** The element's value as this page keeps it: a string, or a list of them. Empty: nothing was entered. */
export function initial(element: Element): string | string[] {
  switch (element.type) {
    case "static_select":
    case "radio_buttons":
      return element.initial_option?.value ?? "";
    case "multi_static_select":
    case "checkboxes":
      return (element.initial_options ?? []).map((option) => option.value);
    case "users_select":
      return element.initial_user ?? "";
    case "channels_select":
      return element.initial_channel ?? "";
    case "conversations_select":
      return element.initial_conversation ?? "";
    case "multi_users_select":
      return element.initial_users ?? [];
    case "multi_channels_select":
      return element.initial_channels ?? [];
    case "multi_conversations_select":
      return element.initial_conversations ?? [];
    case "datepicker":
      return element.initial_date ?? "";
    case "timepicker":
      return element.initial_time ?? "";
    case "datetimepicker":
      return element.initial_date_time === undefined ? "" : localTime(element.initial_date_time);
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return element.initial_value ?? "";
    default:
      return "";
  }
}

/** `value` as the workspace takes it, undefined when there is none. */
export function sent(element: Element, value: string | string[]): Value | undefined {
  if (value.length === 0) return undefined;
  if (element.type === "datetimepicker" && typeof value === "string") return Math.floor(Date.parse(value) / 1000);
  return value;
}

/** Seconds since 1970 as `<input type="datetime-local">` has them: in the reader's zone, to the minute. */
function localTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
