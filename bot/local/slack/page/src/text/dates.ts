// Slack's `<!date^…>` in the reader's own time zone, and the times beside messages.

const pad = (number: number): string => String(number).padStart(2, "0");

const midnight = (at: Date): number => new Date(at).setHours(0, 0, 0, 0);

const NEAR = new Map([
  [-1, "yesterday"],
  [0, "today"],
  [1, "tomorrow"],
]);

function near(at: Date, now: Date): string | undefined {
  return NEAR.get(Math.round((midnight(at) - midnight(now)) / 86_400_000));
}

/** `seconds` since 1970 in Slack's date format, e.g. `{date_short_pretty} at {time}`; `fallback` when it is no time. */
export function formatDate(seconds: number, format: string, fallback: string, now: Date = new Date()): string {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const part = (options: Intl.DateTimeFormatOptions): string => at.toLocaleString(undefined, options);
  const values = new Map([
    ["date_num", `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`],
    ["date", part({ month: "long", day: "numeric", year: "numeric" })],
    ["date_short", part({ month: "short", day: "numeric", year: "numeric" })],
    ["date_long", part({ weekday: "long", month: "long", day: "numeric", year: "numeric" })],
    ["time", part({ hour: "numeric", minute: "2-digit" })],
    ["time_secs", part({ hour: "numeric", minute: "2-digit", second: "2-digit" })],
  ]);
  const close = near(at, now);
  for (const name of ["date", "date_short", "date_long"]) values.set(`${name}_pretty`, close ?? values.get(name) ?? "");
  values.set("ago", close ?? values.get("date_short") ?? "");
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole);
}

/** When a message was posted. `ts` is Slack's: seconds, a point, and a number. */
export const timeOf = (ts: string): Date => new Date(Number(ts) * 1000);

/** The time of day, as the reader writes it. */
export const clock = (ts: string): string => timeOf(ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

/** The day as a heading between messages: `Today`, `Yesterday`, or the date. */
export function dayOf(ts: string, now: Date = new Date()): string {
  const at = timeOf(ts);
  const close = near(at, now);
  if (close) return close.charAt(0).toUpperCase() + close.slice(1);
  return at.toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric" });
}
