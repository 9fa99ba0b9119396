/**
 * Throws what a listener threw where nobody catches it, as an `EventTarget` does: it is heard of, and keeps nobody else from
 * being told.
 */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
