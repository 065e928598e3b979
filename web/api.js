// The one door to the server: GET with JSON answers, hooks that keep a page fresh, and actions by POST with the page's
// token. Nothing else on the pages fetches anything.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export class ApiError extends Error {
  // elsewhere: the address of the server that knows better, when the answer names one.
  // server: the same, when it is the server of a row.
  constructor(status, code, message, elsewhere, server) {
    super(message);
    this.isRowElsewhere = code === 'not_here' && Boolean(server);
    this.status = status;
    this.code = code;
    this.elsewhere = /^https?:\/\//.test(elsewhere ?? '') ? elsewhere : null;
  }
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'the server does not answer');
  }
  const text = await response.text();
  let body;
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError(response.status, 'bad answer', `${response.status}: not JSON`);
  }
  if (!response.ok) {
    throw new ApiError(response.status, body.error?.code ?? String(response.status), body.error?.message ?? response.statusText,
      body.master ?? body.server, body.server);
  }
  return body;
}

// query({a: 1, b: undefined}) is "?a=1".
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length ? `?${new URLSearchParams(given)}` : '';
}

export const get = (path, options) => call(path, options);

// An action. A token is good for the process that gave it out: asked for once, and again when the server says it is stale.
let token = null;
export async function post(path, body) {
  for (let again = 0; ; again++) {
    token ??= (await get('token')).token;
    try {
      return await call(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Stele-Token': token },
        body: JSON.stringify(body ?? {}),
      });
    } catch (error) {
      if (error.status !== 403 || again > 0) throw error;
      token = null;
    }
  }
}

// useApi(path) -> {data, error, refresh}. Asks again every `every` ms while the page is looked at; the last good answer
// stays while a new one is on its way or fails. A null path asks nothing.
export function useApi(path, { every } = {}) {
  const [state, setState] = useState({ path: null, data: null, error: null });
  const [turn, setTurn] = useState(0);
  const refresh = useCallback(() => setTurn((n) => n + 1), []);
  const running = useRef(null);
  useEffect(() => {
    if (path === null) return undefined;
    const abort = new AbortController();
    let timer = 0;
    const ask = async () => {
      if (document.hidden && running.current === path) { timer = setTimeout(ask, 500); return; }
      running.current = path;
      try {
        const data = await get(path, { signal: abort.signal });
        setState({ path, data, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((last) => ({ path, data: last.path === path ? last.data : null, error }));
      }
      if (every && !abort.signal.aborted) timer = setTimeout(ask, every);
    };
    ask();
    return () => { abort.abort(); clearTimeout(timer); };
  }, [path, every, turn]);
  const isCurrent = state.path === path;
  return { data: isCurrent ? state.data : null, stale: state.data, error: isCurrent ? state.error : null, refresh };
}
