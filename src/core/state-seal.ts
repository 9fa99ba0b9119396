/** How the entries of one scope look in the store: keyed images for keys, padded and sealed boxes for values. */
import type { StateScope } from './contracts.ts'
import { derive, fromUtf8, hmac, open, seal, secretKey, toBase64url, toUtf8 } from './crypto.ts'

/** Seals the entries of one scope. */
export interface StateSeal {
  /** What the store knows a key by. */
  image(key: string): string
  /** The box of an entry whose key has this image, bound to it and to the scope. */
  seal(image: string, key: string, text: string): Uint8Array
  /** The entry in a box; `null` if it was not sealed for this scope and under this image. */
  open(image: string, box: Uint8Array): { readonly key: string; readonly text: string } | null
}

// Lengths of boxes would tell values apart (security: length leak): steps of 256 bytes, and of 1 KiB from there on.
const smallStep = 256
const largeStep = 1024
const header = 8
const mostImages = 64
const longestRemembered = 128

/** The seal of a scope, as the store names it, under keys that derive from `root` for this scope alone. */
export function stateSeal(root: Uint8Array, { sid, name }: StateScope): StateSeal {
  const place = JSON.stringify([sid, name])
  const valueKey = secretKey(derive(root, toUtf8(place), 'state-value/v1'))
  const imageKey = secretKey(derive(root, toUtf8(place), 'state-image/v1'))
  const bound = (image: string): string => `state-entry/v1|${place}|${image}`

  // An app asks for the same few keys with each request.
  const images = new Map<string, string>()

  function image(key: string): string {
    const known = images.get(key)
    if (known !== undefined) return known
    const made = toBase64url(hmac(imageKey, key))
    if (images.size < mostImages && key.length <= longestRemembered) images.set(key, made)
    return made
  }

  return {
    image,
    seal: (under, key, text) => seal(valueKey, packed(key, text), bound(under)),
    open(under, box) {
      const plain = open(valueKey, box, bound(under))
      return plain === null ? null : unpacked(plain)
    },
  }
}

/** The key is in the box because keys are to be listed, and an image leads to none. */
function packed(key: string, text: string): Uint8Array {
  const [keyBytes, textBytes] = [toUtf8(key), toUtf8(text)]
  const length = header + keyBytes.length + textBytes.length
  const step = length <= largeStep ? smallStep : largeStep
  const bytes = new Uint8Array(Math.ceil(length / step) * step)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, keyBytes.length)
  view.setUint32(4, textBytes.length)
  bytes.set(keyBytes, header)
  bytes.set(textBytes, header + keyBytes.length)
  return bytes
}

function unpacked(bytes: Uint8Array): { readonly key: string; readonly text: string } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const textFrom = header + view.getUint32(0)
  return {
    key: fromUtf8(bytes.subarray(header, textFrom)),
    text: fromUtf8(bytes.subarray(textFrom, textFrom + view.getUint32(4))),
  }
}
