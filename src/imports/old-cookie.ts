/** A cookie of the old system: read strictly, and removed as it was set. */
import { readCookie } from '../core/cookie.ts'
import { ConfigError } from '../core/errors.ts'

/** The cookie of the old system, as it set it. */
export interface OldCookieOptions {
  /** The cookie's name. */
  readonly cookie?: string
  /** The path it was set with: another path removes nothing. @default '/' */
  readonly path?: string
  /** The domain it was set with, if it was set with one. */
  readonly domain?: string
}

export interface OldCookie {
  readonly name: string
  /** `null` if there is none, if several of the name differ, or if it is longer than a browser keeps. */
  read(header: string | null | undefined): string | null
  /** A Set-Cookie line that removes it. */
  clear(): string
}

const longest = 4096

/** Throws `ConfigError` for a name, path or domain that would end the attribute it stands in. */
export function oldCookie(options: OldCookieOptions, otherwise: string): OldCookie {
  const { cookie: name = otherwise, path = '/', domain } = options
  const isSound = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^\/[!-+.-:<-~-]*$/.test(path)
  if (!isSound || (domain !== undefined && !/^\.?[A-Za-z0-9.-]+$/.test(domain))) {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `import: the cookie ${JSON.stringify(name)}, path ${JSON.stringify(path)}, domain ${JSON.stringify(domain ?? '')} ` +
        'is none that could have been set. Take the values from the old system’s Set-Cookie line.',
    )
  }
  const scope = `${domain === undefined ? '' : `; Domain=${domain}`}; Path=${path}`
  return {
    name,
    read(header) {
      const value = readCookie(header ?? undefined, name)
      return value === null || value.length > longest ? null : value
    },
    clear: () => `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${scope}`,
  }
}

/** The text in a quoted cookie value as Python writes it (`\ooo` for bytes, `\"`); the value itself if it has no quotes. */
export function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  const bytes = value
    .slice(1, -1)
    .replace(/\\([0-3][0-7]{2}|.)/g, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : code,
    )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The text behind percent-encoding as JavaScript writes it; `null` if it is none, or is spelt another way. */
export function percentDecoded(value: string): string | null {
  try {
    const text = decodeURIComponent(value)
    return encodeURIComponent(text) === value ? text : null
  } catch {
    return null
  }
}
