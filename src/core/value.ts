/**
 * What can be kept as state, in memory. Its written form, which Python shares, is described in `docs/values.md`;
 * `value-encode.ts` writes it, `value-decode.ts` reads it. Nothing that is read ever executes: there are no classes to
 * revive, only these kinds.
 */
import type { Json } from './contracts.ts'

/** What a value is when it comes back. Objects are plain; an own key `__proto__` is data like any other. */
export type Value =
  | null
  | boolean
  | number
  | string
  | bigint
  | Date
  | Uint8Array
  | Foreign
  | Value[]
  | Set<Value>
  | Map<Value, Value>
  | { [key: string]: Value }

/** How many lists, objects, maps and sets may lie within one another. */
export const deepestValue = 100

/** How many digits a `bigint` may have: Python reads no more (CVE-2020-10735). */
export const longestInteger = 4300

/** Kinds whose parts are values themselves; the data of all others is plain JSON. */
export const foreignLists: ReadonlySet<string> = new Set(['tuple', 'frozenset'])

/**
 * A value that JavaScript has no type for: a Python `Decimal`, `date`, `tuple`, NumPy array, or a kind that is newer than
 * this version. It keeps all there is to know and writes itself back as it was. Frozen.
 */
export class Foreign {
  /** The kind, as it is written after the `$`: `decimal`, `date`, `tuple`, `ndarray` … */
  readonly type: string
  /** Of a `tuple` or `frozenset` a list of values; of all others what was written, as JSON. */
  readonly data: Json | readonly Value[]
  /** What was written beside it: the `zone` of a `datetime`, the `as` of an `arrow`; `null` if there is nothing. */
  readonly extra: { readonly [name: string]: Json } | null

  constructor(
    type: string,
    data: Json | readonly Value[],
    extra: { readonly [name: string]: Json } | null = null,
  ) {
    this.type = type
    this.data = data
    this.extra = extra
    Object.freeze(this)
  }
}

/** How kinds that are kept as text look; what they mean is Python's to know. */
const forms: Readonly<Record<string, RegExp>> = {
  datetime: /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d(:\d\d(\.\d{6})?)?)?$/,
  date: /^[+-]?\d{4,6}-\d\d-\d\d$/,
  time: /^\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d(:\d\d(\.\d{6})?)?)?$/,
  duration: /^(0|-?[1-9]\d{0,19})$/,
  decimal: /^-?(\d+(\.\d*)?|\.\d+)(E[+-]?\d+)?$|^-?(Infinity|s?NaN\d*)$/i,
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
}

/** Whether the data of a foreign value of this kind is written as Python writes it; kinds nobody knows are free. */
export function isWritten(type: string, data: unknown): boolean {
  const form = Object.hasOwn(forms, type) ? forms[type] : undefined
  return form === undefined || (typeof data === 'string' && form.test(data))
}
