/** Credentials that the real libraries made; `test/vectors/make.py` says how. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Texts = Readonly<Record<string, string>>

export interface Golden {
  readonly now: number
  readonly flask: {
    readonly secret: string
    readonly cookies: Texts
    readonly remember: Texts
    readonly rememberWritten: Texts
    readonly sid: string
    readonly signedSid: string
  }
  readonly flaskStore: {
    readonly msgpack: Texts
    readonly json: Texts
    readonly pickle: Texts
    readonly pickleSet: string
    readonly pickleHostile: Texts
  }
  readonly persist: {
    readonly keyHex: string
    readonly uuid: string
    readonly cookie: string
    readonly files: Texts
    readonly nested: string
    readonly hostile: string
    readonly calls: string
  }
  readonly pyjwt: {
    readonly secret: string
    readonly tokens: Texts
    readonly authenticatorKey: string
    readonly authenticator: Texts
  }
  readonly fernet: {
    readonly password: string
    readonly keyParams: string
    readonly keyHex: string
    readonly tokens: Texts
  }
  readonly streamlit: { readonly secret: string; readonly starlette: Texts; readonly tornado: Texts }
  readonly starlette: { readonly secret: string; readonly cookies: Texts }
}

export interface GoldenExpress {
  readonly secret: string
  readonly sessions: Readonly<
    Record<
      'login' | 'untilClosed',
      { readonly setCookie: string; readonly sid: string; readonly record: string }
    >
  >
}

export const golden: Golden = read('imports.json')
export const goldenExpress: GoldenExpress = read('express-session.json')
/** The instant at which all of them were made. */
export const madeAt: number = golden.now * 1000

function read<Content>(name: string): Content {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', name), 'utf8')) as Content
}

/** Bytes of a golden value in base64. */
export function bytesOf(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64'))
}

/** A golden text, which must be there. */
export function named(texts: Texts, name: string): string {
  const text = texts[name]
  if (text === undefined) throw new Error(`No golden value is named ${name}.`)
  return text
}
