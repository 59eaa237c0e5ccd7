"""The linguistic components of the shipped pipeline: tagger, morphology, lemmatizer and dependency parser.

Trained on UD English EWT by `usg train-parser syntax`. `conllu` reads the treebank, `clear` changes its trees to the
labels of spaCy's English pipelines, `treebank` puts them on the tokens of spaCy's tokenizer, `train` trains.
"""
