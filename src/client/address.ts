/** Where the token of a URL session stays: a script that changes the address would drop it. */

// As `urlSessionParameter` in core, which runs elsewhere.
const parameter = 'holdfast_sid'

/** Has pushState and replaceState keep the token, wherever they lead in this app. */
export function keepToken(): void {
  for (const name of ['pushState', 'replaceState'] as const) {
    const plain = history[name]
    history[name] = (data, unused, url) => plain.call(history, data, unused, url && kept(url))
  }
}

function kept(url: string | URL): URL {
  const next = new URL(url, document.baseURI)
  const token = new URLSearchParams(location.search).get(parameter)
  // Elsewhere is no affair of ours: the browser refuses it.
  if (token && next.origin === origin && !next.searchParams.has(parameter))
    next.searchParams.set(parameter, token)
  return next
}
