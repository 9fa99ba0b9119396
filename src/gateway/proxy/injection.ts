/** Puts a snippet right after `<head>` of an HTML document that streams by. */

/** Takes chunks, gives back what may go on. */
export interface HeadInjection {
  push(chunk: Buffer): Buffer | null
  end(): Buffer | null
}

// A document whose head has not begun by then gets the snippet in front: scripts of ours must run before the app's.
const longestWait = 65_536
const head = /<head(\s[^>]*)?>/i
const doctype = /^\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?/i

export function headInjection(snippet: string): HeadInjection {
  let held: Buffer[] = []
  let size = 0
  let done = false

  const release = (text: string, at: number): Buffer => {
    done = true
    held = []
    // latin1 keeps every byte as it is, whatever the document's own encoding.
    return Buffer.from(text.slice(0, at) + snippet + text.slice(at), 'latin1')
  }

  const flush = (last: boolean): Buffer | null => {
    const text = Buffer.concat(held).toString('latin1')
    const found = head.exec(text)
    if (found !== null) return release(text, found.index + found[0].length)
    if (!last && size < longestWait) return null
    return release(text, doctype.exec(text)?.[0].length ?? 0)
  }

  return {
    push(chunk) {
      if (done) return chunk
      held.push(chunk)
      size += chunk.length
      return flush(false)
    },
    end: () => (done || size === 0 ? null : flush(true)),
  }
}
