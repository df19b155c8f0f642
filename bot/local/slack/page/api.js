// Talking to this server: look, act, and hear of changes.

export async function get(path, query = {}) {
  const response = await fetch(`/local/${path}?${new URLSearchParams(query)}`);
  return response.json();
}

export async function post(path, body) {
  const response = await fetch(`/local/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

/** Call `heard` with every change `viewer` would see, `lost` when the line breaks, `opened` when it is (back) up. */
export function listen(viewer, { heard, opened, lost }) {
  const source = new EventSource(`/local/stream?${new URLSearchParams({ viewer })}`);
  source.onmessage = (event) => heard(JSON.parse(event.data));
  source.onopen = opened;
  source.onerror = lost;
  return () => source.close();
}
