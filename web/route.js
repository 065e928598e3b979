// Where the reader is: "#/tables/ns:t?sort=reads" is {path: ['tables', 'ns:t'], state: {sort: 'reads'}}. All of a page's state
// that is worth sharing is in the hash, so that a link shows what its sender saw.

import { useEffect, useState } from 'preact/hooks';

export function parseHash(hash) {
  const [place, rest = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const path = place.split('/').filter(Boolean).map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { path, state: Object.fromEntries(new URLSearchParams(rest)) };
}

export function link(path, state = {}) {
  const given = Object.entries(state).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return `#/${path.map(encodeURIComponent).join('/')}${given.length ? `?${new URLSearchParams(given)}` : ''}`;
}

// go(): `keep` replaces the entry in the history (a refined view) instead of adding one (a step that Back undoes).
export function go(path, state, { keep } = {}) {
  const hash = link(path, state);
  if (hash === location.hash) return;
  if (keep) {
    history.replaceState(null, '', hash);
    dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    location.hash = hash;
  }
}

export function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parseHash(hash);
}
