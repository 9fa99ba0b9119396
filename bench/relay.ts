/** WebSocket round trips and idle sockets, against a raw TCP pipe. */
import { WebSocket } from 'ws'
import { type Contender, start, startHoldfast } from './contender.ts'
import { median, table } from './report.ts'

const sockets = 16

/** Processor time per echo, ours and a raw pipe's. */
export async function benchRelay(rounds: number, echoes: number): Promise<string> {
  const app = await start('upstream', 'upstream.ts', '')
  const upstream = `http://127.0.0.1:${app.port}`
  const ours = await startHoldfast('**holdfast** relay', upstream)
  const pipe = await start('raw TCP pipe', 'contenders/raw-pipe.ts', upstream)
  try {
    const rows: string[][] = []
    for (const size of [256, 16_384]) {
      const used = new Map<Contender, number[]>([
        [ours, []],
        [pipe, []],
      ])
      for (let round = -1; round < rounds; round++) {
        for (const [contender, all] of used) {
          const cpu = await echo(contender, size, echoes)
          if (round >= 0) all.push(cpu)
        }
      }
      const [a, b] = [used.get(ours) ?? [], used.get(pipe) ?? []]
      const ratio = median(b.map((cpu, round) => cpu / (a[round] ?? Number.NaN)))
      rows.push([`${size} B`, median(a).toFixed(1), median(b).toFixed(1), ratio.toFixed(2)])
      console.log(`  relay: ${size} B done`)
    }
    return table(['message', 'holdfast, CPU µs / echo', 'raw pipe, CPU µs / echo', 'pipe / holdfast'], rows)
  } finally {
    for (const contender of [ours, pipe, app]) contender.stop()
  }
}

/** Memory of an idle pair of sockets. */
export async function benchIdle(count: number): Promise<string> {
  const app = await start('upstream', 'upstream.ts', '')
  const ours = await startHoldfast('holdfast', `http://127.0.0.1:${app.port}`)
  const open: WebSocket[] = []
  try {
    for (let i = 0; i < 50; i++) open.push(await connect(ours))
    await settle()
    const before = ours.memory()
    for (let i = 0; i < count; i += 50)
      open.push(...(await Promise.all(Array.from({ length: 50 }, () => connect(ours)))))
    await settle()
    const each = (ours.memory() - before) / count / 1024
    return table(
      ['idle WebSockets', 'resident memory each (both sockets)'],
      [[String(count), `${each.toFixed(1)} KB`]],
    )
  } finally {
    for (const socket of open) socket.terminate()
    for (const contender of [ours, app]) contender.stop()
  }
}

async function echo(contender: Contender, size: number, echoes: number): Promise<number> {
  const open = await Promise.all(Array.from({ length: sockets }, () => connect(contender)))
  const message = Buffer.alloc(size, 7)
  const cpu = contender.cpu()
  await Promise.all(open.map((socket) => bounce(socket, message, echoes / sockets)))
  const used = contender.cpu() - cpu
  for (const socket of open) socket.terminate()
  return used / echoes
}

function bounce(socket: WebSocket, message: Buffer, times: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = times
    socket.on('message', (data: Buffer) => {
      if (data.length !== message.length) return reject(new Error(`echo of ${data.length} bytes`))
      if (--left <= 0) return resolve()
      socket.send(message)
    })
    socket.on('error', reject)
    socket.send(message)
  })
}

function connect({ port, headers }: Contender): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { headers, perMessageDeflate: false })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3_000))
}
