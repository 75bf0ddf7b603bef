"""Three short passages from our 水浒传 for the tutorial: one or two sentences each, verbatim from shuihu.txt."""

TUTORIAL_PASSAGES = {
    "洪太尉误走妖魔": "石板刚一掀开，地底下轰隆一声巨响，一道黑气从万丈深坑里直冲上来，掀去半边殿角，"
    "升到半空，散作一百多道金光，向四面八方飞去。",
    "史进拜师王进": "年轻人举棒赶来，王进回身只一挑，棒梢点在他怀里，那年轻人扑地仰面倒了。",
    "鲁达拳打镇关西": "鲁达迎上去，一脚把他踢倒，踏住胸口，骂道：“你一个卖肉的，也敢叫做镇关西！你怎样骗了翠莲？”",
}
