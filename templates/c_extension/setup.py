# The rest is in pyproject.toml: this is what has to be asked of bocpy.
import bocpy
from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "samples._samples",
            sources=["src/_samples.c", *bocpy.get_sources()],
            include_dirs=[bocpy.get_include()],
        )
    ]
)
