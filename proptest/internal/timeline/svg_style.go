package timeline

// svgStyle is plain CSS, without variables, which not every viewer knows.
const svgStyle = `
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}
.title{font:600 16px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.prose{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.name,.bold{font-weight:600}
.small{font-size:10px}
.middle{text-anchor:middle}
.end{text-anchor:end}
.faint{fill:#59636e}
.bad{fill:#c0262d}
.outcome{fill:#9a4d00}
.on{fill:#fff}
.halo{paint-order:stroke;stroke:#fff;stroke-width:3;stroke-linejoin:round}
.paper{fill:#fff}
.grid,.leader{stroke:#e3e7eb}
.leader{stroke:#aab3bc}
.strip{fill:#e3e7eb}
.shown{fill:#8c959f}
.block{fill:#eef1f4;stroke:#8c959f}
.release{stroke:#1f2328;stroke-width:2.5}
.kernel{fill:#3566a8}
.handler{fill:#2a7d5f}
.refused{fill:none;stroke:#b35900;stroke-width:2}
.abandoned{fill:none;stroke:#59636e;stroke-width:1.5}
.note{fill:#59636e;stroke:#fff}
.offence{fill:#fbe3e4}
.rule{stroke:#c0262d;stroke-width:1.5}
.mark{fill:#c0262d}
@media (prefers-color-scheme:dark){
text{fill:#e6e9ec}
.faint{fill:#9ba5af}
.bad{fill:#ff8079}
.outcome{fill:#e5a35a}
.on{fill:#0d1117}
.halo{stroke:#14181d}
.paper{fill:#14181d}
.grid{stroke:#2a3038}
.leader{stroke:#5a646e}
.strip{fill:#2a3038}
.shown{fill:#7d8791}
.block{fill:#232a31;stroke:#7d8791}
.release{stroke:#e6e9ec}
.kernel{fill:#76a7e8}
.handler{fill:#5cbf9b}
.refused{stroke:#e5a35a}
.abandoned{stroke:#9ba5af}
.note{fill:#9ba5af;stroke:#14181d}
.offence{fill:#43222a}
.rule{stroke:#ff8079}
.mark{fill:#ff8079}
}
`
