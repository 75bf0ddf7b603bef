"""Needle without literal overlap: a fact names a landmark, and the question asks for the city it stands in.

    text ... Anna lives next to the Eiffel Tower. ... text ...
    The person who has been to Paris is named  Anna | Peter | ...

To search the text for the content words of the question finds nothing: that the Eiffel Tower stands in Paris the model
has to know. Five people live in a document, one in each fifth of its text, and each is asked for. The candidates are
those five and three who are not mentioned.
Chance: 1 / 8.
Source: Modarressi et al. 2025 (NoLiMa), https://arxiv.org/abs/2502.05167, section 3, whose needles name such landmarks.
Convention: the answer is chosen among names by likelihood. A name is compared as a whole, so rare names are less likely
wherever they stand; names are drawn anew for each document.
"""

import random

from benchmark.checkpoints.tasks.retrieval import CANDIDATES, DEPTHS, Asked, Fact, Question, Retrieval, depths, shuffled

LANDMARKS = (  # landmark, city; in English and in Chinese
    (("Eiffel Tower", "Paris"), ("埃菲尔铁塔", "巴黎")),
    (("Colosseum", "Rome"), ("斗兽场", "罗马")),
    (("Brandenburg Gate", "Berlin"), ("勃兰登堡门", "柏林")),
    (("Kremlin", "Moscow"), ("克里姆林宫", "莫斯科")),
    (("Statue of Liberty", "New York"), ("自由女神像", "纽约")),
    (("Golden Gate Bridge", "San Francisco"), ("金门大桥", "旧金山")),
    (("Acropolis", "Athens"), ("卫城", "雅典")),
    (("Forbidden City", "Beijing"), ("故宫", "北京")),
    (("Buckingham Palace", "London"), ("白金汉宫", "伦敦")),
    (("White House", "Washington"), ("白宫", "华盛顿")),
)
NAMES = ("Anna", "Peter", "Maria", "David", "Laura", "Henry", "Emma", "Frank", "Julia", "Simon", "Clara", "Oscar")
CHINESE_NAMES = ("张伟", "王芳", "李娜", "刘洋", "陈静", "杨帆", "赵磊", "黄敏", "周杰", "吴丹", "徐强", "孙丽")


class NeedleLatent(Retrieval):
    """People next to landmarks."""

    name = "needle-latent"
    title = "Needle by association"
    definition = "who has been to a city, when the text only says next to which landmark each person lives"
    source = "https://arxiv.org/abs/2502.05167"
    shortcut = "any person in the text"
    fitting = 5

    def __init__(self, *, text: str = "sanguo") -> None:
        pass

    def ask(self, draw: random.Random, *, chinese: bool) -> Asked:
        names = draw.sample(CHINESE_NAMES if chinese else NAMES, CANDIDATES)
        landmarks = [pair[chinese] for pair in draw.sample(LANDMARKS, DEPTHS)]
        facts, questions = [], []
        for field, (depth, (landmark, city)) in enumerate(zip(depths(draw), landmarks, strict=True)):
            name = names[field]
            candidates, right = shuffled(draw, name, [other for other in names if other != name])
            told = f"{name}住在{landmark}旁边。" if chinese else f"{name} lives next to the {landmark}."
            asked = f"去过{city}的人叫" if chinese else f"The person who has been to {city} is named"
            facts.append(Fact(depth=depth, words=f"\n{told}\n"))
            options = [each if chinese else f" {each}" for each in candidates]
            questions.append(Question(words=f"\n{asked}", candidates=options, right=right, field=field))
        intro = "请记住下面的文字里住在各处的人。\n" if chinese else "Remember where the people in this text live.\n"
        return Asked(intro=intro, facts=facts, questions=questions)
