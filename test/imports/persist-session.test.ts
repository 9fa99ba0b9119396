/** The files of streamlit-persist-session: pickled objects, of which attributes are read and nothing is run. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Imported } from '../../src/imports/import-transport.ts'
import { persistSession } from '../../src/imports/streamlit-persist-session.ts'
import { bytesOf, golden, madeAt } from './golden.ts'
import { holding } from './samples.ts'

const { flaskStore, persist } = golden

describe('persistSession', () => {
  const asked = (file: Uint8Array): Promise<Imported | null> =>
    persistSession({
      ...{ secret: Buffer.from(persist.keyHex, 'hex'), cookie: 'app-state' },
      read: holding({ [persist.uuid]: file }),
    }).read({ cookie: `app-state=${persist.cookie}` }, madeAt)

  it.each(Object.keys(persist.files))(
    'reads the attributes of an object pickled by protocol %s',
    async (protocol) => {
      expect(await asked(bytesOf(persist.files[protocol]))).toMatchObject({
        user: 'anna',
        data: { count: 5, items: ['x'], username: 'anna' },
      })
    },
  )

  it('reads none of what the library kept for itself', async () => {
    expect(Object.keys((await asked(bytesOf(persist.files['4'])))?.data ?? {})).toEqual([
      'count',
      'items',
      'username',
    ])
  })

  it('refuses an object within the object, and a program', async () => {
    expect(await asked(bytesOf(persist.nested))).toBeNull()
    expect(await asked(bytesOf(persist.hostile))).toBeNull()
    expect(await asked(bytesOf(persist.calls))).toBeNull()
    // Here a name is a label, of an object with plain attributes or of nothing: it is never looked up.
    const labels = ['top_instance', 'encode_instance', 'named_and_dropped']
    for (const name of Object.keys(flaskStore.pickleHostile)) {
      if (labels.includes(name)) continue
      expect(await asked(bytesOf(flaskStore.pickleHostile[name])), name).toBeNull()
    }
  })

  it('takes no other spelling of the id, each of which Python would, and asks for no file by it', async () => {
    const { uuid } = persist
    const secret = Buffer.from(persist.keyHex, 'hex')
    const signatureOf = (text: string): string => createHmac('sha256', secret).update(text).digest('hex')
    expect(`${uuid}.${signatureOf(uuid)}`).toBe(persist.cookie)
    const names: string[] = []
    const read = async (name: string): Promise<null> => {
      names.push(name)
      return null
    }
    const others = [
      uuid.toUpperCase(),
      `{${uuid}}`,
      `urn:uuid:${uuid}`,
      uuid.replaceAll('-', ''),
      '..',
      '/etc/passwd',
    ]
    for (const spelt of [...others, uuid]) {
      const cookie = `app-state=${spelt}.${signatureOf(spelt)}`
      await persistSession({ secret, cookie: 'app-state', read }).read({ cookie }, madeAt)
    }
    expect(names).toEqual([uuid])
  })
})
