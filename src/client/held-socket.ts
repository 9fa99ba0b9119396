/**
 * WebSockets the page already has while their connections still wait for the tab id.
 *
 * Each is a true EventTarget with the prototype `new.target` asks for, so `instanceof`, constants and subclasses
 * are as ever; the members of `WebSocket.prototype` find it in a map and act for it: before the connection as
 * a connecting socket does, afterwards through the real one. What the native constructor would refuse at once
 * (a malformed subprotocol) is here an error event.
 */
export interface HeldSockets {
  hold(request: HeldRequest): WebSocket
}

/** One held construction. */
export interface HeldRequest {
  readonly url: string
  readonly newTarget: NewableFunction
  /** Settles when the connection may be made. */
  readonly ready: Promise<unknown>
  /** Makes the connection. */
  readonly connect: () => WebSocket
}

type Member = (this: object, ...values: unknown[]) => unknown
/** What a held socket is before there is a connection, member by member. */
type Early = Record<string, unknown>

const CONNECTING = 0
const CLOSING = 2
const CLOSED = 3
const EVENTS = ['open', 'message', 'error', 'close']

/** Gives the socket its `onopen` and the like. */
function defineHandler(socket: WebSocket, type: string): void {
  let handler: unknown
  Object.defineProperty(socket, `on${type}`, {
    configurable: true,
    get: () => handler ?? null,
    set(value: unknown) {
      // Registered at the first assignment and kept, which is the place in line the standard gives it.
      if (handler === undefined) {
        socket.addEventListener(type, (event) => {
          if (typeof handler === 'function') handler.call(socket, event)
        })
      }
      handler = typeof value === 'function' ? value : null
    },
  })
}

function earlyMembers(url: string, finish: () => void): Early {
  const early: Early = {
    url,
    readyState: CONNECTING,
    bufferedAmount: 0,
    extensions: '',
    protocol: '',
    binaryType: 'blob',
    close() {
      if (early.readyState !== CONNECTING) return
      early.readyState = CLOSING
      setTimeout(finish)
    },
    send() {
      // Closed before it was open: the native socket drops what is sent, without a word.
      if (early.readyState === CONNECTING) throw new DOMException('Still connecting', 'InvalidStateError')
    },
  }
  return early
}

/** Teaches a native WebSocket class about held sockets. Sockets it made itself behave as before. */
export function heldSockets(native: typeof WebSocket): HeldSockets {
  const held = new WeakMap<object, Early>()
  const connected = new WeakMap<object, WebSocket>()

  const route = (original: Member, before: (early: Early, ...values: unknown[]) => unknown): Member =>
    function (...values) {
      const early = held.get(this)
      return early ? before(early, ...values) : Reflect.apply(original, connected.get(this) ?? this, values)
    }
  for (const name of Object.keys(earlyMembers('', () => {}))) {
    const descriptor = Object.getOwnPropertyDescriptor(native.prototype, name) ?? {}
    const { value, get, set } = descriptor
    if (value) descriptor.value = route(value, (early) => (early[name] as Member).call(early))
    if (get) descriptor.get = route(get, (early) => early[name])
    if (set)
      descriptor.set = route(set as Member, (early, given) => {
        // Only `binaryType` can be set, and no socket takes another word for it.
        if (given === 'blob' || given === 'arraybuffer') early[name] = given
      })
    Object.defineProperty(native.prototype, name, descriptor)
  }

  return {
    hold({ url, newTarget, ready, connect }) {
      const socket: WebSocket = Reflect.construct(EventTarget, [], newTarget)
      const early = earlyMembers(url, () => {
        early.readyState = CLOSED
        socket.dispatchEvent(new Event('error'))
        socket.dispatchEvent(new CloseEvent('close', { code: 1006 }))
      })
      const proceed = (): void => {
        if (early.readyState !== CONNECTING) return
        try {
          const real = connect()
          real.binaryType = early.binaryType as BinaryType
          for (const type of EVENTS) {
            real.addEventListener(type, (event) => {
              // An event has all the members its own constructor takes as options.
              const Copy = event.constructor as typeof Event
              socket.dispatchEvent(new Copy(type, event))
            })
          }
          connected.set(socket, real)
          held.delete(socket)
        } catch {
          socket.close()
        }
      }
      held.set(socket, early)
      for (const type of EVENTS) defineHandler(socket, type)
      ready.then(proceed, proceed)
      return socket
    },
  }
}
