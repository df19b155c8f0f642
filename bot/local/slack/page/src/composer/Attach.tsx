import { type ReactNode, useId } from "react";

/** Chooses files. A label over the browser's own control, which says nothing a person could use. */
export function AttachButton({ attach }: { attach: (files: FileList) => void }): ReactNode {
  const id = useId();
  return (
    <label className="attach" htmlFor={id} title="Attach files">
      <span aria-hidden="true">+</span>
      <input
        id={id}
        type="file"
        multiple
        aria-label="Attach files"
        onChange={(event) => {
          if (event.target.files) attach(event.target.files);
          event.target.value = "";
        }}
      />
    </label>
  );
}

/** What will be sent with the message. */
export function Attached({ files, remove }: { files: File[]; remove: (file: File) => void }): ReactNode {
  if (files.length === 0) return null;
  return (
    <ul className="attached" aria-label="Attached files">
      {files.map((file) => (
        <li key={`${file.name}/${file.lastModified}/${file.size}`}>
          {file.name}
          <button type="button" className="tool" aria-label={`Remove ${file.name}`} onClick={() => remove(file)}>
            ✕
          </button>
        </li>
      ))}
    </ul>
  );
}
