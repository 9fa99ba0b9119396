const SHAPE = /^[\w-]{43}$/

/**
 * By what the gateway tells the pages of this tab from whoever else says they are the tab: the tab's id reaches the app,
 * which may show it; this does not. It stays through F5, as the id does.
 */
export function pageSecret(): string {
  // Frames share the storage of their page.
  const key = `holdfast-page${window.parent === window ? '' : location.pathname}`
  try {
    const kept = sessionStorage.getItem(key) ?? ''
    if (SHAPE.test(kept)) return kept
  } catch {
    // Storage that is blocked forgets the tab's id too.
  }
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  const made = btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .slice(0, 43)
  try {
    sessionStorage.setItem(key, made)
  } catch {}
  return made
}
