/** Browsers that open WebSockets and leave them alone: port, host, cookie, how many. Tells how many opened, then how many closed with 4401. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { opening } from './opening.ts'

const [port, host = '', cookie = '', wanted] = process.argv.slice(2)
const count = Number(wanted)
let signedOut = 0
let closed = 0

async function open(): Promise<boolean> {
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(opening(host, cookie))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.on('data', (frame: Buffer) => {
    if (frame[0] === 0x88 && frame.readUInt16BE(2) === 4401) signedOut++
  })
  socket.on('close', () => {
    if (++closed === count) process.send?.({ signedOut })
  })
  return answer.toString('latin1').startsWith('HTTP/1.1 101')
}

let opened = 0
for (let at = 0; at < count; at += 200) {
  const batch = await Promise.all(Array.from({ length: Math.min(200, count - at) }, open))
  opened += batch.filter(Boolean).length
}
process.send?.({ opened })
process.on('disconnect', () => process.exit())
