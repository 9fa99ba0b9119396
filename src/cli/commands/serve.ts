import { settings } from '../../gateway/settings.ts'
import type { Command } from '../command.ts'
import { besideApp, configured } from '../configured.ts'

/** Stands in front of an app that somebody else starts. */
export const serveCommand: Command = {
  name: 'serve',
  synopsis: '--upstream <url> [options]',
  about: 'Stand in front of an app that runs already',
  settings: settings.map(({ key }) => key).filter((key) => key !== 'command'),
  options: [],
  words: [0, 0],
  takesCommand: false,
  notes: [
    'The app must not be reachable round the gateway: let it listen on 127.0.0.1, or on a network of containers only. ' +
      '`holdfast check` tells. A Streamlit app must be started with what `holdfast env streamlit` prints.',
  ],
  examples: [
    [
      'holdfast serve --upstream http://127.0.0.1:8501',
      'Serves the app on port 8501 at http://127.0.0.1:8080.',
    ],
    [
      'holdfast serve --upstream http://127.0.0.1:8501 --state-listen 127.0.0.1:8079',
      'The same, and the app can keep state.',
    ],
    [
      'holdfast serve --upstream http://app1:8501 --upstream http://app2:8501',
      'Before two instances of one app: each browser is led to its own.',
    ],
    [
      'HOLDFAST_SECRET=… holdfast serve --upstream http://app:8501 --public-url https://apps.example.org --listen 0.0.0.0:8080',
      'In a container beside the app’s.',
    ],
  ],
  async run(call) {
    const config = besideApp(await configured(call))
    const { serveUntilStopped } = await import('../serving.ts')
    return serveUntilStopped(config)
  },
}
