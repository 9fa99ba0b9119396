/**
 * Browsers that hold WebSockets and come back, all at once, when they are lost: port, host, how many, and the cookies they
 * share. Tells how many opened; then, when all are back, how long that took and what they were answered meanwhile.
 */
import { connect } from 'node:net'
import { opening } from './opening.ts'

const [port, host = '', wanted, ...cookies] = process.argv.slice(2)
const count = Number(wanted)
const answers = { refused: 0, busy: 0, notThere: 0 }
let open = 0
let lostAt = 0

function hold(cookie: string): void {
  const socket = connect(Number(port), '127.0.0.1')
  let isOpen = false
  let pause = 0
  socket.on('error', () => {})
  socket.write(opening(host, cookie))
  socket.once('data', (answer: Buffer) => {
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer.toString('latin1'))?.[1])
    isOpen = status === 101
    if (isOpen) return opened()
    if (status === 503) answers.busy += 1
    else answers.refused += 1
    pause = Number(/retry-after: (\d+)/i.exec(answer.toString('latin1'))?.[1] ?? 0) * 1000
    socket.end()
  })
  socket.on('close', () => {
    if (isOpen) {
      open -= 1
      if (lostAt === 0) lostAt = performance.now()
    } else if (pause === 0) answers.notThere += 1
    // At once where it was lost, which is the worst they can do; after a refusal as Retry-After says.
    setTimeout(() => hold(cookie), isOpen ? 0 : Math.max(pause, 250) * (0.5 + Math.random()))
  })
}

function opened(): void {
  open += 1
  if (open < count) return
  process.send?.(lostAt === 0 ? { opened: open } : { back: open, ms: performance.now() - lostAt, ...answers })
}

for (let n = 0; n < count; n++) hold(cookies[n % cookies.length] ?? '')
process.on('disconnect', () => process.exit())
