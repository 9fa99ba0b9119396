import { all, atOnce, type OpenStore, tally, withStore, withTwo } from './opened-store.ts'
import { bytes, created, liveOf, newId, record, rotated, startAt, successorOf } from './records.ts'
import type { TestRunner } from './test-runner.ts'

export function describeSessions({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('create and read', () => {
    it(
      'gives back what was stored, field by field and byte by byte',
      withStore(open, async (store) => {
        const session = record()
        expect(await store.create(session)).toBe('created')
        const { sealed, key, ...fields } = await liveOf(store, session.id)
        expect(fields).toEqual({
          id: session.id,
          sid: session.sid,
          user: session.user,
          begun: session.begun,
          createdAt: session.createdAt,
          idleAt: session.idleAt,
          absoluteAt: session.absoluteAt,
          version: 1,
        })
        expect(Buffer.compare(sealed, session.sealed)).toBe(0)
        expect(Buffer.compare(key, session.key)).toBe(0)
      }),
    )

    it(
      'keeps an anonymous session anonymous',
      withStore(open, async (store) => {
        const session = await created(store, { user: null })
        expect((await liveOf(store, session.id)).user).toBeNull()
      }),
    )

    it(
      'answers null for an id never seen',
      withStore(open, async (store) => {
        await created(store)
        expect(await store.read(newId())).toBeNull()
      }),
    )

    it(
      'finds no session under its sid, nor under a prefix or another spelling of its id',
      withStore(open, async (store) => {
        const session = await created(store, { id: 'Abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE' })
        expect(await store.read(session.sid)).toBeNull()
        expect(await store.read(session.id.slice(0, -1))).toBeNull()
        expect(await store.read(session.id.toLowerCase())).toBeNull()
        expect(await store.read(`${session.id} `)).toBeNull()
        expect(await store.read(`${session.id}\0`)).toBeNull()
        expect(await store.read('')).toBeNull()
      }),
    )

    it(
      'shares no bytes with its callers',
      withStore(open, async (store) => {
        const session = await created(store, { sealed: bytes('sealed'), key: bytes('key') })
        session.sealed.fill(0)
        session.key.fill(0)
        const read = await liveOf(store, session.id)
        expect(Buffer.from(read.sealed).toString()).toBe('sealed')
        read.sealed.fill(0)
        read.key.fill(0)
        const again = await liveOf(store, session.id)
        expect(Buffer.from(again.sealed).toString()).toBe('sealed')
        expect(Buffer.from(again.key).toString()).toBe('key')
      }),
    )

    it(
      'keeps no bytes as no bytes',
      withStore(open, async (store) => {
        const none = new Uint8Array(0)
        const session = await created(store, { sealed: none, key: none })
        expect(await liveOf(store, session.id)).toMatchObject({ sealed: none, key: none })
        expect(await store.update(session.id, 1, none)).toBe(true)
        const next = successorOf(session, { version: 3, key: none })
        expect(await store.rotate(session.id, 2, next, none)).toBe(true)
        expect(await store.read(session.id)).toMatchObject({ next: { sealedToken: none } })
        expect((await liveOf(store, next.id)).key).toHaveLength(0)
        expect(await store.writeKeyring(null, none)).toBe(true)
        expect((await store.readKeyring())?.box).toHaveLength(0)
      }),
    )

    it(
      'refuses a second record of a live id and keeps the first',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.create(session)).toBe('ended')
        expect(await store.create(record({ id: session.id, user: 'another' }))).toBe('ended')
        expect((await liveOf(store, session.id)).user).toBe(session.user)
        expect(await store.listByUser('another')).toEqual([])
      }),
    )

    it(
      'refuses a second session under a sid that is taken',
      withStore(open, async (store) => {
        const session = await created(store)
        const other = record({ sid: session.sid })
        expect(await store.create(other)).toBe('ended')
        expect(await store.read(other.id)).toBeNull()
        const next = await rotated(store, session)
        await store.end(session.sid)
        expect(await store.create(record({ sid: session.sid }))).toBe('ended')
        expect(await store.read(next.id)).toBeNull()
      }),
    )

    it(
      'lets one of fifty creations of the same id win',
      withStore(open, async (store) => {
        const session = record()
        const creations = await atOnce(50, (index) => store.create({ ...session, user: `user ${index}` }))
        expect(tally(creations)).toEqual(
          new Map([
            ['created', 1],
            ['ended', 49],
          ]),
        )
        const winner = creations.indexOf('created')
        expect((await liveOf(store, session.id)).user).toBe(`user ${winner}`)
      }),
    )
  })

  describe('update', () => {
    it(
      'replaces the sealed part, counts the version up and leaves the rest',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.update(session.id, 1, bytes('second'))).toBe(true)
        const read = await liveOf(store, session.id)
        expect(Buffer.from(read.sealed).toString()).toBe('second')
        expect({ ...read, sealed: null, key: null }).toEqual({
          ...session,
          version: 2,
          sealed: null,
          key: null,
        })
        expect(Buffer.compare(read.key, session.key)).toBe(0)
      }),
    )

    it(
      'writes nothing when the version is another',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.update(session.id, 2, bytes('too new'))).toBe(false)
        expect(await store.update(session.id, 1, bytes('second'))).toBe(true)
        expect(await store.update(session.id, 1, bytes('too old'))).toBe(false)
        expect(Buffer.from((await liveOf(store, session.id)).sealed).toString()).toBe('second')
      }),
    )

    it(
      'is false for an id never seen, and makes none',
      withStore(open, async (store) => {
        const id = newId()
        expect(await store.update(id, 1, bytes('sealed'))).toBe(false)
        expect(await store.read(id)).toBeNull()
      }),
    )

    it(
      'lets one of fifty updates of the same version win, and stores the bytes of the winner',
      withStore(open, async (store) => {
        const session = await created(store)
        const answers = await atOnce(50, (index) => store.update(session.id, 1, bytes(`update ${index}`)))
        expect(tally(answers).get(true)).toBe(1)
        const read = await liveOf(store, session.id)
        expect(read.version).toBe(2)
        expect(Buffer.from(read.sealed).toString()).toBe(`update ${answers.indexOf(true)}`)
      }),
    )
  })

  describe('touch', () => {
    it(
      'moves the idle deadline forward and nothing else',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.touch(session.id, session.idleAt + 1000)).toBe(true)
        const read = await liveOf(store, session.id)
        expect(read.idleAt).toBe(session.idleAt + 1000)
        expect(read.version).toBe(1)
        expect(read.absoluteAt).toBe(session.absoluteAt)
      }),
    )

    it(
      'never moves the idle deadline back, and says that the session is live',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.touch(session.id, session.idleAt - 1)).toBe(true)
        expect(await store.touch(session.id, session.idleAt)).toBe(true)
        expect((await liveOf(store, session.id)).idleAt).toBe(session.idleAt)
      }),
    )

    it(
      'keeps the latest of fifty deadlines, in whatever order they arrive',
      withStore(open, async (store) => {
        const session = await created(store)
        await atOnce(50, (index) => store.touch(session.id, session.idleAt + ((index * 37) % 50)))
        expect((await liveOf(store, session.id)).idleAt).toBe(session.idleAt + 49)
      }),
    )

    it(
      'says true only of what it moved, also while the session is being made',
      withTwo(open, async (one, two) => {
        for (let round = 0; round < 50; round++) {
          const session = record()
          const until = session.idleAt + 1000
          const creation = one.create(session)
          let refused = 0
          while (refused < 10_000 && !(await two.touch(session.id, until))) refused += 1
          expect((await liveOf(two, session.id)).idleAt).toBe(until)
          expect(await creation).toBe('created')
        }
      }),
    )

    it(
      'is false for an id never seen',
      withStore(open, async (store) => {
        expect(await store.touch(newId(), startAt)).toBe(false)
      }),
    )
  })

  describe('listByUser and scan', () => {
    it(
      'lists the live sessions of one user, oldest first',
      withStore(open, async (store) => {
        const third = await created(store, { user: 'a', createdAt: startAt + 3 })
        const first = await created(store, { user: 'a', createdAt: startAt + 1 })
        const second = await created(store, { user: 'a', createdAt: startAt + 2 })
        await created(store, { user: 'b' })
        await created(store, { user: null })
        const listed = await store.listByUser('a')
        expect(listed.map((session) => session.id)).toEqual([first.id, second.id, third.id])
        expect(Buffer.compare(listed[0]?.sealed ?? bytes(''), first.sealed)).toBe(0)
        expect(await store.listByUser('c')).toEqual([])
        expect(await store.listByUser('')).toEqual([])
      }),
    )

    it(
      'lists a rotated session once, under its new id, and an ended one not at all',
      withStore(open, async (store) => {
        const session = await created(store, { user: 'a' })
        const ended = await created(store, { user: 'a' })
        const next = await rotated(store, session)
        await store.end(ended.sid)
        expect((await store.listByUser('a')).map(({ id }) => id)).toEqual([next.id])
        expect((await all(store.scan())).map(({ id }) => id)).toEqual([next.id])
      }),
    )

    it(
      'scans all live sessions, each once, over any number of pages',
      withStore(open, async (store) => {
        const sessions = await atOnce(700, (index) => created(store, index % 2 === 0 ? { user: null } : {}))
        const found = (await all(store.scan())).map(({ id }) => id)
        expect(found).toHaveLength(700)
        expect(new Set(found)).toEqual(new Set(sessions.map(({ id }) => id)))
      }),
    )

    it(
      'goes on scanning while sessions come and go',
      withStore(open, async (store) => {
        const stay = await atOnce(300, () => created(store))
        const seen = new Set<string>()
        for await (const session of store.scan()) {
          seen.add(session.id)
          if (seen.size % 100 === 0) {
            const passing = await created(store)
            await store.end(passing.sid)
          }
        }
        for (const { id } of stay) expect(seen.has(id)).toBe(true)
      }),
    )
  })
}
