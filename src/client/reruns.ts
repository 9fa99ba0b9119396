// `rerun_script` is field 11 of a BackMsg, which is a oneof: nothing else stands before it (1.57 to 1.67).
const RERUN = (11 << 3) | 2

function isRerun(socket: WebSocket, data: unknown): boolean {
  return (
    data instanceof Uint8Array &&
    data[0] === RERUN &&
    new URL(socket.url).pathname.endsWith('/_stcore/stream')
  )
}

/** Calls `listener` after each of the page's requests to run the app's script, until it answers `false`. */
export function afterReruns(listener: (socket: WebSocket) => boolean): void {
  const { prototype } = WebSocket
  const native = prototype.send
  let isOver = false

  const send: typeof native = function (this: WebSocket, ...values) {
    Reflect.apply(native, this, values)
    try {
      if (isOver || !isRerun(this, values[0])) return
      isOver = !listener(this)
    } catch {
      isOver = true
    }
    if (isOver && prototype.send === send) prototype.send = native
  }
  prototype.send = send
}
