import { drawnWidgets, type WidgetManager, type WidgetState } from './widget-manager.ts'

/** What of a widget's state is kept: an edited table or a selection as JSON, or the files it has uploaded. */
export type WidgetValue =
  | { readonly stringValue: string }
  | { readonly fileUploaderStateValue: { readonly uploadedFileInfo: readonly UploadedFile[] } }

interface UploadedFile {
  readonly fileId: string
  readonly name: string
  readonly size: number
  readonly fileUrls: Record<string, string>
}

const PARTS = new Set(['edited_rows', 'added_rows', 'deleted_rows', 'selection'])

// SECURITY: sessionStorage can be read by every script of this origin. What a person types into a text box never
// gets there, whatever a later version of Streamlit may call its tables.
function isTableOrSelection(text: string): boolean {
  try {
    const names = Object.keys(JSON.parse(text))
    return names.length > 0 && names.every((name) => PARTS.has(name))
  } catch {
    return false
  }
}

function fileOf(info: unknown): UploadedFile {
  const { fileId, name, size, fileUrls } = info as UploadedFile
  // Streamlit's sizes are 64-bit integers, which JSON would turn into text.
  return { fileId, name, size: Number(size), fileUrls: { ...fileUrls } }
}

function keptValue(state: WidgetState | undefined): WidgetValue | null {
  const { stringValue, fileUploaderStateValue } = state ?? {}
  const files = fileUploaderStateValue?.uploadedFileInfo ?? []
  if (files.length > 0) return { fileUploaderStateValue: { uploadedFileInfo: files.map(fileOf) } }
  return stringValue && isTableOrSelection(stringValue) ? { stringValue } : null
}

/** The values given to the page; `isDrawn` once a run has drawn its widgets. */
export interface GivenValues {
  readonly ids: readonly string[]
  readonly isDrawn: boolean
}

/**
 * The values that no message from Streamlit's server can show: what was uploaded, and what was edited or selected in
 * tables and charts.
 */
export function widgetValues(manager: WidgetManager, given: GivenValues): Record<string, WidgetValue> {
  const ids = new Set(drawnWidgets())
  if (!given.isDrawn) for (const id of given.ids) ids.add(id)
  // Wherever they are: also in a popover that is closed and draws nothing. But if a widget is not there that was
  // given its value, that value may be what broke it; the next page goes without.
  manager.widgetStates.forEach(({ id, fileUploaderStateValue }) => {
    if (fileUploaderStateValue && !given.ids.includes(id)) ids.add(id)
  })
  // A file that is taken out of a form, or replaced there, is deleted at once: the one that was submitted is no more.
  manager.forms?.forEach(({ widgetStates }) => {
    widgetStates.forEach(({ id, fileUploaderStateValue }) => {
      if (fileUploaderStateValue) ids.delete(id)
    })
  })
  const kept: Record<string, WidgetValue> = {}
  for (const id of ids) {
    const value = keptValue(manager.widgetStates.getState(id))
    if (value) kept[id] = value
  }
  return kept
}

/** Whether the files of this value belong to the Streamlit session that `message` came from; no file, no question. */
export function isOfSession(value: WidgetValue, message: string): boolean {
  if (!('fileUploaderStateValue' in value)) return true
  return value.fileUploaderStateValue.uploadedFileInfo.every(({ fileUrls }) => {
    const session = /\/upload_file\/([^/]+)\//.exec(fileUrls.uploadUrl ?? '')?.[1]
    return session !== undefined && message.includes(session)
  })
}
