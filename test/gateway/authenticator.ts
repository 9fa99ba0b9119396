/** A device with passkeys, in software: signs what a browser would have it sign, rightly or, for attacks, wrongly. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

interface CreationOptions {
  readonly challenge: string
  readonly rp: { readonly id: string }
  readonly user: { readonly id: string }
}

interface RequestOptions {
  readonly challenge: string
  readonly rpId: string
}

export interface Behaviour {
  /** What the browser says it is at. */
  readonly origin: string
  /** Whether it makes sure of its owner. @default true */
  readonly verifies?: boolean
  /** @default one more than last time */
  readonly counter?: number
  /** Whose it says the passkey is. */
  readonly userHandle?: string
}

export class Authenticator {
  readonly id: string = randomBytes(16).toString('base64url')
  counter = 0
  #userHandle = ''
  readonly #key: KeyObject
  readonly #publicKey: { x: Buffer; y: Buffer }

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    this.#key = privateKey
    this.#publicKey = { x: Buffer.from(x, 'base64url'), y: Buffer.from(y, 'base64url') }
  }

  create(options: CreationOptions, behaviour: Behaviour): string {
    this.#userHandle = options.user.id
    const id = Buffer.from(this.id, 'base64url')
    const { x, y } = this.#publicKey
    const cose = cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, x],
      [-3, y],
    ])
    const length = Buffer.alloc(2)
    length.writeUInt16BE(id.length)
    const data = Buffer.concat([
      this.#head(options.rp.id, behaviour, 0x40),
      Buffer.alloc(16),
      length,
      id,
      cose,
    ])
    const attestationObject = cborMap([
      ['fmt', 'none'],
      ['attStmt', cborMap([])],
      ['authData', data],
    ])
    return this.#answer('webauthn.create', options.challenge, behaviour, {
      attestationObject: attestationObject.toString('base64url'),
      transports: ['internal'],
    })
  }

  get(options: RequestOptions, behaviour: Behaviour): string {
    const data = this.#head(options.rpId, behaviour, 0)
    const clientData = clientDataOf('webauthn.get', options.challenge, behaviour.origin)
    const signed = Buffer.concat([data, createHash('sha256').update(clientData).digest()])
    return this.#answer('webauthn.get', options.challenge, behaviour, {
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, this.#key).toString('base64url'),
      userHandle: behaviour.userHandle ?? this.#userHandle,
    })
  }

  #head(rpId: string, { verifies = true, counter }: Behaviour, more: number): Buffer {
    this.counter = counter ?? this.counter + 1
    const tail = Buffer.alloc(5)
    tail[0] = 0x01 | (verifies ? 0x04 : 0) | more
    tail.writeUInt32BE(this.counter, 1)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), tail])
  }

  #answer(type: string, challenge: string, { origin }: Behaviour, response: object): string {
    const clientDataJSON = clientDataOf(type, challenge, origin).toString('base64url')
    return JSON.stringify({
      ...{ id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {} },
      response: { clientDataJSON, ...response },
    })
  }
}

function clientDataOf(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
}

type CborValue = number | string | Buffer
const maps = new WeakSet<Buffer>()

/** RFC 8949: a map of small numbers, texts, bytes, and maps made here. */
function cborMap(entries: readonly (readonly [number | string, CborValue])[]): Buffer {
  const map = Buffer.concat([head(5, entries.length), ...entries.flat().map(cbor)])
  maps.add(map)
  return map
}

function cbor(value: CborValue): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  return maps.has(value) ? value : Buffer.concat([head(2, value.length), value])
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size])
  return size < 256
    ? Buffer.from([(major << 5) | 24, size])
    : Buffer.from([(major << 5) | 25, size >> 8, size & 0xff])
}
