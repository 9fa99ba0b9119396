import { jsonWidgets, type WidgetManager, type WidgetState } from './widget-manager.ts'

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

/**
 * The values that no message from Streamlit's server can show: what was uploaded, and what was edited or selected in
 * the tables and charts on the page and in `more`.
 */
export function widgetValues(manager: WidgetManager, more: readonly string[]): Record<string, WidgetValue> {
  const kept: Record<string, WidgetValue> = {}
  const keep = (id: string): void => {
    const value = keptValue(manager.widgetStates.getState(id))
    if (value) kept[id] = value
  }
  for (const id of [...more, ...jsonWidgets()]) keep(id)
  // Wherever they are on the page: also in a popover that is closed and draws nothing.
  manager.widgetStates.forEach(({ id, fileUploaderStateValue }) => {
    if (fileUploaderStateValue) keep(id)
  })
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
