import io
import wave

from tinytag import TinyTag


def tags(given=8000):
    """Reads the tags of a sound file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((2, 2, given, 0, "NONE", ""))
        sound.writeframes(bytes(given * 4))
    tag = TinyTag.get("a.wav", file_obj=file)
    return [tag.samplerate, tag.channels, tag.duration]
