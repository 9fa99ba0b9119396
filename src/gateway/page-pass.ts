/**
 * What the app is handed with a page's socket so that it can sign in whoever sits before that very page: sealed, so that
 * neither the app nor anybody else can change whose it is or read from where it came. It signs nobody in by itself.
 */
import { fromBase64url, fromUtf8, open, seal, toBase64url, toUtf8 } from '../core/crypto.ts'
import type { Keyring } from '../core/keyring.ts'

/** One page, as the gateway saw it when its socket was opened. */
export interface PagePass {
  /** The session that its browser presented. */
  readonly sid: string
  /** By what its record is found, whatever its token is by then. */
  readonly id: string
  /** One-way image of the page's secret: what is meant for this page goes to whoever knows the secret, and to no other. */
  readonly page: string
  /** The address the socket came from: what is typed into the page counts as typed there, whatever the app says. */
  readonly address: string
}

/** Writes and reads passes of one key ring. */
export interface PagePasses {
  write(pass: PagePass): string
  /** What a pass says; `null` for anything this key ring did not write for this app. Never throws. */
  read(text: string): PagePass | null
}

/** The header that carries it upstream. */
export const pageHeader = 'holdfast-page'

const longest = 400

/** `app` tells apps that share a store apart. */
export function pagePasses(keyring: Keyring, app: string): PagePasses {
  const key = keyring.key('page-pass/v1')
  const bound = `page-pass/v1|${app}`

  return {
    write({ sid, id, page, address }) {
      const box = seal(key, toUtf8(JSON.stringify([sid, id, page, address])), bound)
      return `p1.${toBase64url(box)}`
    },

    read(text) {
      if (text.length > longest || !text.startsWith('p1.')) return null
      const box = fromBase64url(text.slice(3))
      const plain = box === null ? null : open(key, box, bound)
      if (plain === null) return null
      const [sid = '', id = '', page = '', address = ''] = JSON.parse(fromUtf8(plain)) as readonly string[]
      return { sid, id, page, address }
    },
  }
}
