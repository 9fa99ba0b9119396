/** Addresses as configurations write them; `null` is none that can be meant. */

/** Where to listen; a port alone is one of this machine. */
export function readListen(input: string): { host: string; port: number } | null {
  // listen = [ host ":" ] port ; an IPv6 host in brackets
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-fA-F:.]+)\]:|([\w.-]+):)?(\d{1,5})$/.exec(input.trim()) ?? []
  const port = Number(digits ?? Number.NaN)
  return Number.isInteger(port) && port < 65_536 ? { host: bracketed ?? plain ?? '127.0.0.1', port } : null
}

/** Where the app is: an origin alone. */
export function readUpstream(input: string): URL | null {
  const url = URL.parse(input)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
  const extras = `${url.username}${url.password}${url.search}${url.hash}`
  return extras === '' && url.pathname === '/' ? url : null
}

/** An address that is sent passwords: https, or on this machine. */
export function readApiUrl(input: string): URL | null {
  const url = URL.parse(input)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return null
  const local = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && local) ? url : null
}
