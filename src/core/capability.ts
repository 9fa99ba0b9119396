/**
 * What the app behind us is handed with a request so that it can open the session's state, on any replica, as long as the
 * session lives. `s1.<kid>.<sid, state key, absolute deadline, owner>.<mac>`: the same text for the session's whole life,
 * for what it is made of survives rotations. It opens state and nothing else: no credential begins with `s1`, and its MAC
 * is made for another purpose.
 */
import { concat, derive, equal, fromBase64url, hmac, toBase64url, toUtf8 } from './crypto.ts'
import type { Keyring } from './keyring.ts'
import type { Session } from './session.ts'

/** What a capability that verified says. */
export interface Capability {
  readonly sid: string
  /** Opens what is sealed for the session: a key of its own, from which the data key cannot be had. */
  readonly stateKey: Uint8Array
  readonly absoluteAt: number
  /** Keyed pseudonym of who signed in; `null` while anonymous. */
  readonly owner: string | null
}

/** Writes and verifies capabilities of one key ring. */
export interface CapabilityMint {
  /** The capability of a session whose data key is at hand, at most 200 characters of `[A-Za-z0-9._-]`. */
  write(session: Pick<Session, 'sid' | 'user' | 'absoluteAt'>, dataKey: Uint8Array): string
  /** What a capability says; `null` for anything this key ring did not write for this app. Never throws. */
  read(capability: string): Capability | null
}

/** No capability we write is longer; nothing that is longer need be hashed. */
export const longestCapability = 200
const sidBytes = 16
const keyBytes = 32
const instantBytes = 6
const ownerBytes = 32
const macBytes = 16

/** `app` tells apps that share a store apart: the capability of one is garbage to another. */
export function capabilityMint(keyring: Keyring, app: string): CapabilityMint {
  const macKey = keyring.key(`mac/s1|${app}`)
  const mac = (text: string): Uint8Array => hmac(macKey, text).subarray(0, macBytes)

  return {
    write({ sid, user, absoluteAt }, dataKey) {
      const parts = [bytesOf(sid, sidBytes), stateKeyOf(dataKey, sid), instant(absoluteAt)]
      if (user !== null) parts.push(bytesOf(user, ownerBytes))
      const text = `s1.${keyring.kid}.${toBase64url(concat(...parts))}`
      return `${text}.${toBase64url(mac(text))}`
    },

    read(capability) {
      if (capability.length > longestCapability) return null
      const parts = capability.split('.')
      if (parts.length !== 4 || parts[0] !== 's1' || parts[1] !== keyring.kid) return null
      const tag = fromBase64url(parts[3] ?? '')
      const text = capability.slice(0, capability.lastIndexOf('.'))
      if (tag === null || !equal(tag, mac(text))) return null
      const body = fromBase64url(parts[2] ?? '')
      return body === null ? null : parse(body)
    },
  }
}

/** The key from which all keys of a session's state derive. */
export function stateKeyOf(dataKey: Uint8Array, sid: string): Uint8Array {
  return derive(dataKey, toUtf8(sid), 'state/v1')
}

function parse(body: Uint8Array): Capability | null {
  const fixed = sidBytes + keyBytes + instantBytes
  if (body.length !== fixed && body.length !== fixed + ownerBytes) return null
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  return {
    sid: toBase64url(body.subarray(0, sidBytes)),
    stateKey: body.slice(sidBytes, sidBytes + keyBytes),
    absoluteAt: view.getUint16(sidBytes + keyBytes) * 2 ** 32 + view.getUint32(sidBytes + keyBytes + 2),
    owner: body.length === fixed ? null : toBase64url(body.subarray(fixed)),
  }
}

/** 48 bits, which last for eight thousand years. */
function instant(at: number): Uint8Array {
  const bytes = new Uint8Array(instantBytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, Math.floor(at / 2 ** 32))
  view.setUint32(2, at % 2 ** 32)
  return bytes
}

function bytesOf(text: string, length: number): Uint8Array {
  const bytes = fromBase64url(text)
  if (bytes?.length !== length) throw new Error(`A sid or pseudonym is not ${length} bytes of base64url.`)
  return bytes
}
