/** How an old token leads to the one that replaced it, so that a lost response costs nothing. */
import { concat, fromUtf8, open, seal, toUtf8 } from './crypto.ts'
import type { Keyring } from './keyring.ts'
import type { Token } from './token.ts'

/** Seals the successor's token under a key that only the old token yields. */
export function sealSuccession(keyring: Keyring, old: Token, next: Token, sid: string): Uint8Array {
  return seal(keyring.fromToken(old.secret, 'next/v1'), concat(next.secret, toUtf8(sid)), 'next/v1')
}

/** The successor's token and the session both belong to; `null` if the box is not the old token's. */
export function openSuccession(
  keyring: Keyring,
  old: Token,
  box: Uint8Array,
): { token: Token; sid: string } | null {
  const plain = open(keyring.fromToken(old.secret, 'next/v1'), box, 'next/v1')
  if (plain === null) return null
  const token: Token = { kind: old.kind, secret: plain.slice(0, 32), issuedAt: old.issuedAt }
  return { token, sid: fromUtf8(plain.subarray(32)) }
}
