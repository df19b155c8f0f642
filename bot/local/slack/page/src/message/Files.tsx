// Files of a message: pictures as pictures, everything else as a line to download.

import type { ReactNode } from "react";
import type { SharedFile } from "../types.ts";

const SHOWN = /^image\/(?:png|jpeg|gif|webp)$/;

function size(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function Files({ files }: { files: SharedFile[] }): ReactNode {
  return (
    <ul className="files">
      {files.map((file) => (
        <li key={file.id}>
          <OneFile file={file} />
        </li>
      ))}
    </ul>
  );
}

function OneFile({ file }: { file: SharedFile }): ReactNode {
  const name = file.title || file.name || file.id;
  const url = `/local/file/${encodeURIComponent(file.id)}`;
  if (SHOWN.test(file.mimetype ?? "")) {
    return (
      <a className="file-picture" href={url} target="_blank" rel="noopener noreferrer" title={`Open ${name}`}>
        <img src={url} alt={name} loading="lazy" />
      </a>
    );
  }
  return (
    <a className="file" href={url} download={file.name ?? name}>
      <span className="file-kind" aria-hidden="true">
        {(file.name ?? "").split(".").pop()?.slice(0, 4).toUpperCase() || "FILE"}
      </span>
      <span>
        {name}
        <small>{size(file.size)}</small>
      </span>
    </a>
  );
}
