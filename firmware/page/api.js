// The one door to the charger: who is logged in, requests with what they need, and failures as objects.

const TIMEOUT_MS = 15000;
const ROLES = ["public", "read", "control", "admin"];

// What GET session told last. role: one of ROLES; csrf: what a changing request must carry.
export const session = { role: "public", user: null, csrf: null, must_change_password: false };

let askLogin = null;      // async () => true where somebody has logged in, "done" where a PIN has done what was asked for
const told = new Set();

// status 0: no answer. code: the firmware's, or "unreachable". field: what the failure is about, or null. area: whose field: the path's
// first word.
export class ApiError extends Error {
  constructor(status, code, message, field = null, rule = null, area = "") {
    super(message);
    Object.assign(this, { status, code, field, rule, area });
  }
}

export const allows = needed => ROLES.indexOf(session.role) >= ROLES.indexOf(needed);

export const onSession = fn => told.add(fn);

export function setLogin(ask) {
  askLogin = ask;
}

export function setSession(found) {
  Object.assign(session, { role: "public", user: null, csrf: null, must_change_password: false }, found);
  for (const fn of told) fn(session);
}

// Asks who we are. A charger that knows no log-in (404) lets itself be ruled as the request may.
export async function loadSession() {
  try {
    setSession(await api("GET", "session", undefined, { login: false }));
  } catch (error) {
    if (error.status === 404) setSession({ role: "admin" });
    else throw error;
  }
}

// Body: an object is sent as JSON, text and files as they are. options: headers, timeout_ms, raw (gives the Response itself),
// login: false (a refusal does not open the log-in). Resolves to the answer's JSON or text; rejects with ApiError.
export async function api(method, path, body, options = {}) {
  let answer;
  try {
    answer = await fetch(`api/v1/${path}`, request(method, body, options));
  } catch {
    throw new ApiError(0, "unreachable", "no answer");
  }
  if (answer.ok) return options.raw ? answer : read(answer);
  const error = await failure(answer, path);
  const stranger = answer.status === 401 || answer.status === 403 && session.role === "public";
  const entered = stranger && options.login !== false && await askLogin?.();
  if (entered === "done") return null;
  if (entered) return api(method, path, body, { ...options, login: false });
  throw error;
}

function request(method, body, { headers = {}, timeout_ms = TIMEOUT_MS }) {
  const plain = body !== undefined && (body === null || Object.getPrototypeOf(body) === Object.prototype || Array.isArray(body));
  return {
    method, cache: "no-store", signal: AbortSignal.timeout(timeout_ms), body: plain ? JSON.stringify(body) : body,
    headers: { ...guard(method), ...plain && { "Content-Type": "application/json" }, ...headers },
  };
}

// What a changing request carries besides; also for those who send without api().
export const guard = method => method === "GET" || !session.csrf ? {} : { "X-CSRF-Token": session.csrf };

const read = answer => answer.headers.get("Content-Type")?.startsWith("application/json") ? answer.json() : answer.text();

export async function failure(answer, path) {
  try {
    const { code, message, field, rule } = (await answer.json()).error;
    return new ApiError(answer.status, code, message, field, rule, path.split(/\W/)[0]);
  } catch {
    return new ApiError(answer.status, "other", `status ${answer.status}`);
  }
}
