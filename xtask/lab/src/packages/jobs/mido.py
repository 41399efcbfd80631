import io

import mido


def music(given=[60, 64, 67]):
    """Writes notes as MIDI and reads them."""
    file, output = mido.MidiFile(), io.BytesIO()
    track = file.add_track("t")
    for note in given:
        track.append(mido.Message("note_on", note=note, time=120))
    file.save(file=output)
    output.seek(0)
    back = mido.MidiFile(file=output)
    return [
        output.getvalue().hex(),
        [str(message) for message in back.tracks[0]],
        back.length,
        mido.Message("control_change", value=3).bytes(),
    ]
