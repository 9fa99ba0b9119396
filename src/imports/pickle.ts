/**
 * A reader of Python pickles that hold plain data. A pickle is a program; this runs none of it that names, imports, calls
 * or builds anything: the first such instruction ends the reading. Two exceptions, since plain data needs them: protocols
 * below 3 write bytes as a call of `_codecs.encode`, which is recognised and decoded here; and with `instance` the whole
 * may be one object of a class, of which nothing but the attributes is read.
 */
import type { ImportedRecord, ImportedValue } from './import-transport.ts'
import { NotPlain, type PickleCursor, pickleCursor } from './pickle-cursor.ts'
import { decimal, escaped, float, littleEndian, utf8 } from './pickle-literal.ts'

export interface PickleOptions {
  /** Whether the whole may be one instance of a class: its attributes are the record. @default false */
  readonly instance?: boolean
}

// Of a session, a million instructions would be megabytes of code.
const mostSteps = 200_000
// A list may hold one other list ten times, and that another: what is small in bytes can be endless when written out.
const mostValues = 200_000
const deepest = 64

/** The value in a pickle of protocol 0 to 5; `undefined` for every pickle that is more than plain data. Never throws. */
export function readPickle(
  bytes: Uint8Array,
  { instance = false }: PickleOptions = {},
): ImportedValue | undefined {
  const cursor = pickleCursor(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  try {
    const top = run(cursor, instance)
    const value = top instanceof Instance ? top.state : top
    return cursor.isAtEnd ? writtenOut(value, 0, { left: mostValues }) : undefined
  } catch (fault) {
    if (fault instanceof NotPlain) return undefined
    throw fault
  }
}

/** A name of something in Python. It is never looked up. */
class Name {
  readonly of: string
  constructor(module: string, name: string) {
    this.of = `${module}.${name}`
  }
}

/** An object of some class: what it holds, and nothing of the class. */
class Instance {
  state: unknown = null
}

const mark: unique symbol = Symbol('mark')

interface Machine {
  readonly cursor: PickleCursor
  readonly stack: unknown[]
  readonly memo: Map<number, unknown>
  readonly instance: boolean
}

function run(cursor: PickleCursor, instance: boolean): unknown {
  const machine: Machine = { cursor, stack: [], memo: new Map(), instance }
  for (let step = 0; step < mostSteps; step++) {
    const code = cursor.byte()
    if (code === 0x2e) return pop(machine)
    const instruction = instructions.get(code)
    if (instruction === undefined) throw new NotPlain(`instruction ${code}`)
    instruction(machine)
  }
  throw new NotPlain('too long')
}

function pop({ stack }: Machine): unknown {
  const value = stack.pop()
  if (value === undefined || value === mark) throw new NotPlain('an empty stack')
  return value
}

function last({ stack }: Machine): unknown {
  const value = stack.at(-1)
  if (value === undefined || value === mark) throw new NotPlain('an empty stack')
  return value
}

function popToMark({ stack }: Machine): readonly unknown[] {
  const start = stack.lastIndexOf(mark)
  if (start < 0) throw new NotPlain('no mark')
  const items = stack.splice(start)
  return items.slice(1)
}

function popMany(machine: Machine, count: number): readonly unknown[] {
  return Array.from({ length: count }, () => pop(machine)).reverse()
}

function appendTo(list: unknown, items: readonly unknown[]): void {
  if (!Array.isArray(list)) throw new NotPlain('no list')
  for (const item of items) list.push(item)
}

function setIn(map: unknown, items: readonly unknown[]): void {
  if (!(map instanceof Map) || items.length % 2 !== 0) throw new NotPlain('no dict')
  for (let at = 0; at < items.length; at += 2) map.set(items[at], items[at + 1])
}

function mapOf(items: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  setIn(map, items)
  return map
}

function name({ stack, instance }: Machine, module: unknown, called: unknown): void {
  if (typeof module !== 'string' || typeof called !== 'string') throw new NotPlain('no name')
  const found = new Name(module, called)
  if (!instance && found.of !== '_codecs.encode') throw new NotPlain('a name')
  stack.push(found)
}

/** A call. There is one that is plain data: how old protocols write bytes. */
function call(machine: Machine): void {
  const [called, given] = popMany(machine, 2)
  if (!(called instanceof Name) || called.of !== '_codecs.encode' || !Array.isArray(given))
    throw new NotPlain('a call')
  const [text, encoding] = given
  if (given.length !== 2 || typeof text !== 'string' || encoding !== 'latin1' || /[^\0-\xff]/.test(text))
    throw new NotPlain('a call')
  machine.stack.push(new Uint8Array(Buffer.from(text, 'latin1')))
}

function emptyInstance(machine: Machine): void {
  const [called, given] = popMany(machine, 2)
  if (!machine.instance || !(called instanceof Name) || !Array.isArray(given) || given.length > 0)
    throw new NotPlain('an object')
  machine.stack.push(new Instance())
}

function fill(machine: Machine): void {
  const state = pop(machine)
  const target = last(machine)
  if (!(target instanceof Instance) || !(state instanceof Map)) throw new NotPlain('an object')
  target.state = state
}

function recall({ stack, memo }: Machine, at: number): void {
  if (!memo.has(at)) throw new NotPlain('nothing kept')
  stack.push(memo.get(at))
}

type Instruction = (machine: Machine) => void
const pushes =
  (read: (machine: Machine) => unknown): Instruction =>
  (machine) =>
    machine.stack.push(read(machine))

/** Every instruction there is for us, by its code. What is missing here cannot be done. */
const instructions: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  // PROTO and FRAME say how the rest is packed, which we do not need to know.
  [0x80, ({ cursor }) => void cursor.byte()],
  [0x95, ({ cursor }) => void cursor.bytes(8)],
  // MARK, POP, POP_MARK, DUP.
  [0x28, pushes(() => mark)],
  [0x30, (machine) => void pop(machine)],
  [0x31, (machine) => void popToMark(machine)],
  [0x32, pushes(last)],
  // NONE, NEWTRUE, NEWFALSE.
  [0x4e, pushes(() => null)],
  [0x88, pushes(() => true)],
  [0x89, pushes(() => false)],
  // INT, LONG, BININT, BININT1, BININT2, LONG1, LONG4.
  [0x49, pushes(({ cursor }) => decimal(cursor.line()))],
  [0x4c, pushes(({ cursor }) => decimal(cursor.line()))],
  [0x4a, pushes(({ cursor }) => cursor.bytes(4).readInt32LE())],
  [0x4b, pushes(({ cursor }) => cursor.unsigned(1))],
  [0x4d, pushes(({ cursor }) => cursor.unsigned(2))],
  [0x8a, pushes(({ cursor }) => littleEndian(cursor.bytes(cursor.unsigned(1))))],
  [0x8b, pushes(({ cursor }) => littleEndian(cursor.bytes(cursor.unsigned(4))))],
  // FLOAT, BINFLOAT.
  [0x46, pushes(({ cursor }) => float(cursor.line()))],
  [0x47, pushes(({ cursor }) => cursor.bytes(8).readDoubleBE())],
  // UNICODE, BINUNICODE, SHORT_BINUNICODE, BINUNICODE8.
  [0x56, pushes(({ cursor }) => escaped(cursor.line()))],
  [0x58, pushes(({ cursor }) => utf8(cursor.bytes(cursor.unsigned(4))))],
  [0x8c, pushes(({ cursor }) => utf8(cursor.bytes(cursor.unsigned(1))))],
  [0x8d, pushes(({ cursor }) => utf8(cursor.bytes(cursor.unsigned(8))))],
  // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8.
  [0x42, pushes(({ cursor }) => new Uint8Array(cursor.bytes(cursor.unsigned(4))))],
  [0x43, pushes(({ cursor }) => new Uint8Array(cursor.bytes(cursor.unsigned(1))))],
  [0x8e, pushes(({ cursor }) => new Uint8Array(cursor.bytes(cursor.unsigned(8))))],
  [0x96, pushes(({ cursor }) => new Uint8Array(cursor.bytes(cursor.unsigned(8))))],
  // EMPTY_LIST, EMPTY_SET, LIST, FROZENSET, APPEND, APPENDS, ADDITEMS.
  [0x5d, pushes(() => [])],
  [0x8f, pushes(() => [])],
  [0x6c, pushes((machine) => [...popToMark(machine)])],
  [0x91, pushes((machine) => [...popToMark(machine)])],
  [
    0x61,
    (machine) => {
      const item = pop(machine)
      appendTo(last(machine), [item])
    },
  ],
  [
    0x65,
    (machine) => {
      const items = popToMark(machine)
      appendTo(last(machine), items)
    },
  ],
  [
    0x90,
    (machine) => {
      const items = popToMark(machine)
      appendTo(last(machine), items)
    },
  ],
  // EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3.
  [0x29, pushes(() => [])],
  [0x74, pushes((machine) => [...popToMark(machine)])],
  [0x85, pushes((machine) => popMany(machine, 1))],
  [0x86, pushes((machine) => popMany(machine, 2))],
  [0x87, pushes((machine) => popMany(machine, 3))],
  // EMPTY_DICT, DICT, SETITEM, SETITEMS.
  [0x7d, pushes(() => new Map())],
  [0x64, pushes((machine) => mapOf(popToMark(machine)))],
  [
    0x73,
    (machine) => {
      const items = popMany(machine, 2)
      setIn(last(machine), items)
    },
  ],
  [
    0x75,
    (machine) => {
      const items = popToMark(machine)
      setIn(last(machine), items)
    },
  ],
  // PUT, BINPUT, LONG_BINPUT, MEMOIZE.
  [0x70, (machine) => void machine.memo.set(Number(machine.cursor.line()), last(machine))],
  [0x71, (machine) => void machine.memo.set(machine.cursor.unsigned(1), last(machine))],
  [0x72, (machine) => void machine.memo.set(machine.cursor.unsigned(4), last(machine))],
  [0x94, (machine) => void machine.memo.set(machine.memo.size, last(machine))],
  // GET, BINGET, LONG_BINGET.
  [0x67, (machine) => recall(machine, Number(machine.cursor.line()))],
  [0x68, (machine) => recall(machine, machine.cursor.unsigned(1))],
  [0x6a, (machine) => recall(machine, machine.cursor.unsigned(4))],
  // GLOBAL, STACK_GLOBAL, REDUCE, NEWOBJ, BUILD: as far as the two exceptions go.
  [0x63, (machine) => name(machine, machine.cursor.line(), machine.cursor.line())],
  [
    0x93,
    (machine) => {
      const [module, called] = popMany(machine, 2)
      name(machine, module, called)
    },
  ],
  [0x52, call],
  [0x81, emptyInstance],
  [0x62, fill],
])

/** Plain values of what was read. Names of anything else than text, and objects, are none. */
function writtenOut(value: unknown, depth: number, budget: { left: number }): ImportedValue {
  budget.left--
  if (depth > deepest || budget.left < 0) throw new NotPlain('too deep or too large')
  if (Array.isArray(value)) return value.map((item) => writtenOut(item, depth + 1, budget))
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [textOf(key), writtenOut(item, depth + 1, budget)])
    return Object.fromEntries(entries) as ImportedRecord
  }
  if (value instanceof Uint8Array || value === null) return value
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint') return value
  throw new NotPlain('an object')
}

function textOf(key: unknown): string {
  if (typeof key !== 'string') throw new NotPlain('a name that is no text')
  return key
}
