// A plan of tasks, as a stream shows it. The library tells states apart by colour alone, and says none in words.

import { type ReactNode, useState } from "react";
import { Link } from "../text/Link.tsx";
import type { Stream } from "../types.ts";
import { Drawn, Words } from "./Drawn.tsx";
import type { Plan, Task } from "./types.ts";

const STATES = {
  pending: { mark: "○", label: "waiting" },
  in_progress: { mark: "◐", label: "working" },
  complete: { mark: "✓", label: "done" },
  error: { mark: "✕", label: "unsuccessful" },
};

/** A finished plan with more tasks than this starts folded. */
const SHORT = 10;

export interface PlanProps {
  plan: Plan;
  stream: Stream | null;
}

export function PlanBlock({ plan, stream }: PlanProps): ReactNode {
  const tasks = plan.tasks ?? [];
  const unsuccessful = tasks.filter((each) => each.status === "error").length;
  const over = tasks.filter((each) => each.status === "complete").length + unsuccessful;
  const [open, setOpen] = useState(tasks.length <= SHORT || stream?.state === "in_progress");
  return (
    <details className="plan" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className="plan-title">
          <Words text={{ type: "plain_text", text: plan.title }} />
        </span>
        {tasks.length > 0 && (
          <span className="quiet">
            {over} of {tasks.length} done{unsuccessful ? `, ${unsuccessful} ✕` : ""}
          </span>
        )}
      </summary>
      <ol className="tasks">
        {tasks.map((task) => (
          <TaskRow key={task.task_id} task={task} stream={stream} />
        ))}
      </ol>
    </details>
  );
}

/** One task, in a plan or alone. */
export function TaskRow({ task, stream }: { task: Task; stream: Stream | null }): ReactNode {
  // A stream that was cut off leaves tasks in progress that nobody works on any more.
  const status = task.status === "in_progress" && stream?.state === "errored" ? "error" : task.status;
  const { mark, label } = STATES[status];
  return (
    <li className={`task ${status}`}>
      <span className="mark" aria-hidden="true">
        {mark}
      </span>
      <div className="task-body">
        <span className="task-title">
          <Words text={{ type: "plain_text", text: task.title }} />
        </span>{" "}
        <span className={status === "complete" ? "sr" : "task-state"}>{label}</span>
        {task.details && <Drawn blocks={[task.details]} />}
        {task.output && <Drawn blocks={[task.output]} />}
        {task.sources && task.sources.length > 0 && (
          <div className="task-sources">
            {task.sources.map((source) => (
              <Link key={source.url} url={source.url}>
                {source.text}
              </Link>
            ))}
          </div>
        )}
      </div>
    </li>
  );
}
